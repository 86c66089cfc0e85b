import {
  type ActRecord,
  type Assessment,
  assess,
  type Memory,
  NO_MEMORY,
  type NodeLook,
  recordAct,
  remember,
} from "../../../model/recovery";

/** When the first look is. */
const BEGIN = Date.parse("2026-03-01T08:00:00Z");

/** A member that works. */
export const WELL: NodeLook = {
  registered: true,
  member: true,
  ready: "True",
  cordoned: false,
  maintenance: false,
  power: "On",
  health: "OK",
  installDisk: "present",
  sameHost: true,
  bootsFromDisk: true,
  votes: true,
  etcdAnswers: true,
  reachable: true,
  readySince: null,
  leaseRenewed: null,
};

/** The same with changes. */
export const but = (...changes: Partial<NodeLook>[]): NodeLook => Object.assign({}, WELL, ...changes);

/** Nothing answers on it, and it is on. */
export const DEAD = but({ ready: "Unknown", etcdAnswers: null, reachable: false });
/** It is off. */
export const OFF = but(DEAD, { power: "Off" });
/** Its kubelet is dead, and everything else lives. */
export const KUBELET_DEAD = but({ ready: "Unknown" });
/** Its operating system lives; kubelet and etcd do not. */
export const SERVICES_DEAD = but({ ready: "Unknown", etcdAnswers: false });

/** So many looks, one a minute, that see this; or an act, right after the look before it. */
export type Seen = readonly [count: number, look: NodeLook] | Pick<ActRecord, "act" | "result">;

/** A node's history, told look by look, and what it is taken for at its end. The threshold is 15 minutes. */
export function story(...seen: Seen[]): { memory: Memory; now: string; assessment: Assessment } {
  let memory = NO_MEMORY;
  let time = BEGIN;
  let last: NodeLook | undefined;
  for (const event of seen) {
    if ("act" in event) {
      memory = recordAct(memory, { at: iso(time), node: "n2", ...event });
      continue;
    }
    for (let count = 0; count < event[0]; count++) {
      time += 60_000;
      const told = event[1];
      const turned = last?.ready === told.ready ? last.readySince : iso(time - 30_000);
      const renewed =
        told.leaseRenewed ?? (told.ready === "True" ? iso(time - 5_000) : (last?.leaseRenewed ?? null));
      last = { ...told, readySince: told.readySince ?? turned, leaseRenewed: renewed };
      memory = remember(memory, { at: iso(time), nodes: { n2: last } });
    }
  }
  const now = iso(time);
  return {
    memory,
    now,
    assessment: assess({ node: "n2", memory, now, policy: { failureThresholdMs: 900_000 } }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
