import { durationOf } from "../../duration";
import { WANTED_MEMBERS } from "../../roles";
import { at, type Rule } from "../rule";

/** Shorter than this, a restart is taken for a failure: servers with much memory test it for minutes. */
const SHORTEST_THRESHOLD_MS = 300_000;

/** The rules over the recovery of a failed member of the control plane. */
export const recoveryRules: readonly Rule[] = [
  {
    id: "recovery-duration",
    about: "The times of recovery are durations.",
    *judge({ cluster: { recovery } }) {
      if (typeof recovery !== "object") return;
      for (const name of ["failureThreshold", "retryPeriod"] as const) {
        const text = recovery[name];
        if (text === undefined || durationOf(text) !== undefined) continue;
        yield at(
          `recovery.${name}`,
          `"${text}" is no duration: write hours, minutes and seconds, such as "45m" or "1h30m".`,
        );
      }
    },
  },
  {
    id: "recovery-threshold",
    about: "A failure has lasted longer than a restart before anything is done about it.",
    source: "our own: a server tests its memory for minutes before it boots",
    severity: "warning",
    *judge({ cluster: { recovery } }) {
      if (typeof recovery !== "object") return;
      const text = recovery.failureThreshold ?? "";
      const ms = durationOf(text);
      if (ms === undefined || ms >= SHORTEST_THRESHOLD_MS) return;
      yield at(
        "recovery.failureThreshold",
        `${text} is shorter than many servers take to restart: a restart would be taken for a failure, and be interrupted by a repair. ` +
          "Give 5m or more.",
      );
    },
  },
  {
    id: "recovery-minimum-healthy",
    about: "The nodes that must be well leave room for one that is not.",
    severity: "warning",
    *judge({ cluster: { recovery }, nodes, absent }) {
      if (typeof recovery !== "object" || absent("nodes")) return;
      const { minimumHealthy } = recovery;
      if (minimumHealthy === undefined || minimumHealthy < nodes.length) return;
      yield at(
        "recovery.minimumHealthy",
        `${minimumHealthy} of ${nodes.length} nodes must be well, so that nothing is ever done about the one that is not. Give at most ` +
          `${Math.max(1, nodes.length - 1)}.`,
      );
    },
  },
  {
    id: "recovery-room",
    about: "Where members are evicted automatically, another node can take the seat.",
    source:
      "harvester pkg/controller/master/node/promote_controller.go: nobody is promoted below three possible members",
    severity: "warning",
    *judge({ cluster: { recovery, nodes: given }, nodes }) {
      if (typeof recovery !== "object" || recovery.limit === 0 || given === undefined) return;
      const possible = nodes.filter(({ node }) => node.role !== "worker").length;
      if (Object.keys(given).length !== nodes.length || possible > WANTED_MEMBERS) return;
      yield at(
        "recovery",
        `${possible} of the nodes can be in the control plane, and none of them is left over to take the seat of one that is evicted: ` +
          "repairs are tried, and evictions refused. Add a node with role default or management, or set recovery.limit to 0.",
      );
    },
  },
  {
    id: "recovery-key",
    about: "Where members are evicted automatically, the nodes can be asked about each other.",
    source:
      "our own: whether a candidate reaches the members, and what etcd says of itself, only the nodes know",
    severity: "warning",
    *judge({ cluster: { recovery }, absent }) {
      if (typeof recovery !== "object" || recovery.limit === 0 || !absent("access.sshPrivateKey")) return;
      yield at(
        "recovery",
        "nobody can ask the nodes whether they reach each other, so that evictions are refused. Give access.sshPrivateKey, or set " +
          "recovery.limit to 0.",
      );
    },
  },
];
