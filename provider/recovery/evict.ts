/** Takes a member out that is beyond repair: switched off at once, recorded in the roster, and then as any dead member is removed. */
import { hostname, userInfo } from "node:os";
import { installedAs } from "../../model/description";
import { intentId } from "../../model/hardware";
import { System } from "../redfish/system";
import { takeOut } from "../resources/membership/leave/take-out";
import { recordEvicted } from "../resources/membership/roster";
import { UserError } from "../shell/errors";
import { RunFacts } from "../shell/run";
import { signsOfHost } from "./look";
import { type LiveNode, peersOf, type Subject } from "./subject";

/** Longest time of an eviction, promotion of the next member included. */
const DEADLINE_MS = 1_800_000;

/** Evicts. Returns when the member is out, fenced, and promotion is at rest. Whatever kills it in between, the next pass goes on with it. */
export async function evict(
  subject: Subject,
  { key, described }: LiveNode,
  why: string,
  { signal, status }: { signal: AbortSignal; status: (message: string) => void },
): Promise<void> {
  const { client, identity, description, caFingerprint } = subject;
  const installation = intentId({
    incarnation: identity.incarnation,
    hardware: installedAs(described),
    reinstall: described.reinstall ?? 0,
  });
  await switchOff(subject, { key, described }, signal, status);
  const by = `${userInfo().username}@${hostname()}`;
  await recordEvicted(
    client,
    { identity },
    { node: key, installation, at: new Date().toISOString(), by, why },
  );
  const question = { cluster: description, identity };
  await takeOut({
    ctx: {
      signal,
      status,
      info: status,
      warn: status,
      deadline: new Date(Date.now() + DEADLINE_MS),
      facts: new RunFacts(),
    },
    question,
    pinned: caFingerprint,
    key,
    node: described,
    installation,
    purpose: "release",
    // The description allows it: recovery is automatic.
    removalApproved: true,
    shell: undefined,
    peers: peersOf(subject, key),
  });
}

/** Whatever still runs on it answers nobody, and must not come back in the middle of its removal. */
async function switchOff(
  subject: Subject,
  { key, described }: Pick<LiveNode, "key" | "described">,
  signal: AbortSignal,
  status: (message: string) => void,
): Promise<void> {
  const system = new System({ bmc: described.bmc, readOnly: false, signal });
  try {
    if (signsOfHost({ described }, await system.facts(), subject).sameHost !== true)
      throw new UserError(`${key} was left as it is: its BMC reports another host.`);
    status(`switching ${key} off`);
    await system.power("ForceOff");
  } finally {
    await system.close();
  }
}
