/** The part of a pass that keeps the fence: machines that have left, and are in the cluster again, are put out. */
import type { Subject } from "../../provider/recovery/subject";
import { peersOf } from "../../provider/recovery/subject";
import { PUT_OUT_MS, putOutReturned, returnedNow } from "../../provider/resources/membership/fence/put-out";
import { RunFacts } from "../../provider/shell/run";
import type { PassOptions } from "./pass";
import type { ReturnReport } from "./report";

/** Puts them out as the only one who changes the cluster. Where somebody else does, that is told, and the next pass looks again. */
export async function keepFence(
  subject: Subject,
  alone: PassOptions["alone"],
  { signal, status }: { signal: AbortSignal; status: (message: string) => void },
): Promise<ReturnReport[]> {
  const { description, identity, caFingerprint } = subject;
  const watch = {
    question: { cluster: description, identity },
    described: description.nodes,
    pinned: caFingerprint,
    peers: peersOf(subject),
  };
  const returned = await returnedNow({ signal }, watch);
  if (returned.length === 0) return [];
  // The next pass goes on.
  const deadline = new Date(Date.now() + returned.length * PUT_OUT_MS);
  const done = await alone("putting released machines out", (held) =>
    putOutReturned({ signal: held, status, deadline, facts: new RunFacts() }, watch),
  );
  const reports = "busy" in done ? returned.map((machine) => ({ ...machine, held: busy(done.busy) })) : done;
  // How a machine is reached is no matter of a report.
  return reports.map(({ released: { key, uuid, serial, installation, at, how, fence }, ...report }) => ({
    ...report,
    released: { key, uuid, serial, installation, at, how, fence },
  }));
}

function busy(holder: string): NonNullable<ReturnReport["held"]> {
  return { guard: "other-change", passes: true, why: `somebody else may be changing the cluster: ${holder}` };
}
