/** The side effects of a run of pulumi, told at the very instant at which they can be seen from outside. */
import { closeSync, type FSWatcher, fstatSync, openSync, readdirSync, readSync, watch } from "node:fs";
import { basename, join } from "node:path";
import { type AuditEvent, type BmcRequest, isBmcWrite, isClusterWrite } from "../e2e/observe";
import type { World } from "../e2e/world";

/** What happens inside the data centre because of a request of ours that no log of requests shows: boots, and commands over SSH. */
const OUR_EVENTS: ReadonlySet<string> = new Set([
  "config-fetched",
  "install-started",
  "rke2-uninstalled",
  "etcd-snapshot",
]);

/** Nodes and machines of a world are numbered. */
const NODE = /^n\d+$/;

/** A BMC names its one system by the UUID. */
const SYSTEM_ID = /^[0-9a-f-]{36}$/;

/**
 * Calls back at each side effect with its name: what is done to what, and which time. The same run has the same effects, whatever ids are
 * random in it. The Lease does not count: it is renewed by the clock. Returns how to stop that.
 *
 * @param called says how a machine, and the node on it, is called in the names
 */
export function onEffect(
  world: World,
  called: (machine: string) => string,
  happened: (name: string) => void,
): () => void {
  const counts = new Map<string, number>();
  const tell = (what: string) => {
    const count = (counts.get(what) ?? 0) + 1;
    counts.set(what, count);
    happened(`${what} #${count}`);
  };
  const stops = [
    world.onLedger(({ event, machine }) => {
      if (OUR_EVENTS.has(event)) tell(`${called(machine)} ${event}`);
    }),
    follow<BmcRequest>(world.siteDir, /^bmc-requests\.jsonl$/, (request) => {
      if (isBmcWrite(request))
        tell(
          `${called(request.machine)} BMC ${request.method} ${basename(request.path).replace(SYSTEM_ID, "System")}`,
        );
    }),
    follow<AuditEvent>(join(world.siteDir, "audit"), /\.(log|jsonl?)$/, (event) => {
      const { resource = "", name = "" } = event.objectRef ?? {};
      if (!isClusterWrite(event) || resource === "leases") return;
      tell(`API ${event.verb} ${resource}${NODE.test(name) ? ` ${called(name)}` : ""}`);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Reads what is appended to the files of a folder from now on, line by line. */
function follow<T>(folder: string, files: RegExp, line: (value: T) => void): () => void {
  const seen = new Map<string, { at: number; rest: string }>();
  const read = (name: string, tell: boolean) => {
    const state = seen.get(name) ?? { at: 0, rest: "" };
    const file = openSync(join(folder, name), "r");
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - state.at));
      const length = readSync(file, bytes, 0, bytes.length, state.at);
      const lines = (state.rest + bytes.toString("utf8", 0, length)).split("\n");
      seen.set(name, { at: state.at + length, rest: lines.pop()! });
      if (tell) for (const text of lines) line(JSON.parse(text));
    } finally {
      closeSync(file);
    }
  };
  for (const name of readdirSync(folder)) if (files.test(name)) read(name, false);
  const watcher: FSWatcher = watch(folder, (_, name) => {
    if (name !== null && files.test(name)) read(name, true);
  });
  return () => watcher.close();
}
