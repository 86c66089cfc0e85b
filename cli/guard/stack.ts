/** The guard's pass over the cluster of one stack. */
import { type Memory, recordAct, recoveryPolicyOf, remember } from "../../model/recovery";
import { LeaseHeld, underLease } from "../../provider/harvester/lease";
import { evict } from "../../provider/recovery/evict";
import { standingEvictions } from "../../provider/recovery/evictions";
import { judge } from "../../provider/recovery/judge";
import { lookAtNodes } from "../../provider/recovery/look";
import { changeMemory } from "../../provider/recovery/memory";
import { repair } from "../../provider/recovery/repair";
import type { Subject } from "../../provider/recovery/subject";
import { lookAtCluster } from "../../provider/resources/live-cluster";
import { readRoster } from "../../provider/resources/membership/roster";
import { UserError } from "../../provider/shell/errors";
import type { Engine } from "../engine";
import { readState } from "../status/state";
import { keepFence } from "./fence";
import { type PassOptions, runPass } from "./pass";
import type { GuardReport } from "./report";

/** So long the Lease is waited for; whoever holds it longer is at work, and the next pass comes soon. */
const LEASE_PATIENCE_MS = 8000;

/** Looks at the stack's cluster and does what is to be done. `status` is told what is being done. Throws where nothing can be judged. */
export async function guardStack(
  engine: Engine,
  signal: AbortSignal,
  status: (message: string) => void,
): Promise<GuardReport> {
  const { description, identity, caFingerprint, hostKeys } = await readState(engine);
  const question = { cluster: description, identity };
  const { kind, what, client } = await lookAtCluster(question, {
    signal,
    pinned: caFingerprint,
    thorough: true,
  });
  if (kind !== "ours" || client === undefined) {
    throw new UserError(
      `Nothing can be judged: ${what}. Nothing was done. Is the majority of the control plane lost? Then docs/runbooks/lost-majority.md is the way on.`,
    );
  }
  const subject: Subject = { description, identity, client, caFingerprint, hostKeys };
  const { evicted } = await readRoster(client);
  const alone: PassOptions["alone"] = async (purpose, work) => {
    const deadline = new Date(Date.now() + LEASE_PATIENCE_MS);
    const kube = async () => client.kube;
    try {
      return await underLease(
        { kube, ctx: { signal, deadline, status }, purpose: `guard: ${purpose}` },
        work,
      );
    } catch (error) {
      if (error instanceof LeaseHeld) return { busy: error.holder };
      throw error;
    }
  };
  const standing = standingEvictions(evicted, description, identity.incarnation);
  const policy = recoveryPolicyOf(
    description.recovery,
    Object.keys(description.nodes).length - standing.length,
  );
  const memorise = (change: (memory: Memory) => Memory) =>
    changeMemory(client.kube, identity.incarnation, change);
  return runPass({
    stack: engine.stack,
    cluster: description.name,
    policy,
    evicted: standing,
    fence: (until) => keepFence(subject, alone, { signal: until, status }),
    judge: async (until) => {
      const seen = await lookAtNodes(subject, until);
      const memory = await memorise((before) => remember(before, seen.look));
      const gone = standing.map(({ node }) => node);
      return { seen, judgement: await judge({ subject, seen, memory, policy, evicted: gone }) };
    },
    alone,
    act: async (decided, { nodes }, held) => {
      const node = nodes.find(({ key }) => key === decided.node)!;
      const how = { signal: held, status };
      if (decided.do === "evict") await evict(subject, node, decided.why, how);
      else await repair(subject, node, decided.act, how);
    },
    record: async (record) => {
      await memorise((memory) => recordAct(memory, record));
    },
    signal,
  });
}
