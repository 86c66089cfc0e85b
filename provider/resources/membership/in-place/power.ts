/** The machine of a node in maintenance is shut down and kept off, and started again. */
import { hostnameOf, type NodeDescription } from "../../../../model/description";
import { interruptionOf } from "../../../../model/transition";
import { endMaintenance } from "../../../harvester/maintenance";
import { SWITCHED_OFF } from "../../../harvester/node-facts";
import { System } from "../../../redfish/system";
import { chronicleOf } from "../../chronicle";
import { nodeOn } from "../../live-cluster";
import { refuseOtherHost } from "../../machine/look";
import { peerOf } from "../leave";
import { asEtcdSays } from "../leave/look";
import { lastCopiesOn } from "../leave/take-out";
import { shutDown } from "../shut-down";
import { answering, type Course, foundOn, patience } from "./course";
import { maintain } from "./maintain";

/** Longest orderly shutdown; virtual machines are gone by then. */
const SHUTDOWN_MS = 120_000;

/**
 * Shuts the machine down once its node is drained and etcd has a quorum without it. The node is marked before, so that whatever ends the run
 * afterwards, the next one knows that the machine is off on purpose.
 */
export async function switchOff(course: Course, key: string, described: NodeDescription): Promise<void> {
  await maintain(course, key, described);
  await withMachine(course, key, described, async (system) => {
    for (;;) {
      const held = await holdBack(course, key, described);
      if (held === undefined) break;
      await patience(course.ctx, held);
    }
    await mark(course, key, described, new Date().toISOString());
    course.ctx.status(`switching ${key} off`);
    await shutDown(system, SHUTDOWN_MS);
  });
  // Until the cluster has noticed it, a look would take the machine for one that is on.
  while ((await foundOn(course, key, described)).node.ready) {
    await patience(course.ctx, `the cluster to notice that ${hostnameOf(key, described)} is off`);
  }
}

/** Starts the machine from its disk, waits until its node is Ready and votes as before, and takes it back into use where that is wanted. */
export async function switchOn(course: Course, key: string, described: NodeDescription): Promise<void> {
  await withMachine(course, key, described, async (system) => {
    course.ctx.status(`switching ${key} on`);
    // Whatever was booted for the repair, the next start is the node's own.
    await system.clearBootOverride();
    await system.power("On");
  });
  for (;;) {
    const { client, node } = await foundOn(course, key, described);
    if (node.ready && node.etcd === node.etcdVoter) {
      if (described.maintenance !== true) {
        const resume = async () => {
          await endMaintenance(client.kube, node.name);
          await answering(course);
        };
        await chronicleOf(course.ctx.facts, course.inputs.identity).step(node.name, resume, () => "resume");
      }
      return mark(course, key, described, null);
    }
    await patience(course.ctx, `${node.name} to be Ready${node.etcd ? " and its etcd member to vote" : ""}`);
  }
}

/** Why the machine may not be switched off now; undefined where it may. What etcd itself says counts. */
async function holdBack(
  course: Course,
  key: string,
  described: NodeDescription,
): Promise<string | undefined> {
  const cluster = await answering(course);
  const node = nodeOn(cluster, described.hardware);
  if (node === undefined) return `${hostnameOf(key, described)} to be in the cluster`;
  const last = await lastCopiesOn(cluster.client, node.name);
  if (last.length > 0) return `Longhorn to have a healthy replica of ${last.join(", ")} on another node`;
  if (!node.etcd) return undefined;
  const { inputs } = course;
  const others = inputs.members.filter((member) => member.key !== key);
  const peers = others.flatMap((member) => peerOf(inputs, member) ?? []);
  const { etcd, nodes } = await asEtcdSays({ peers }, cluster.nodes, node);
  if (typeof etcd === "string") return `etcd to be asked (${etcd})`;
  return interruptionOf(nodes, node.name).refusal;
}

async function mark(
  course: Course,
  key: string,
  described: NodeDescription,
  since: string | null,
): Promise<void> {
  const { client, node } = await foundOn(course, key, described);
  const change = { metadata: { annotations: { [SWITCHED_OFF]: since } } };
  await client.kube.merge(`/api/v1/nodes/${node.name}`, change, `noting whether ${node.name} is off`);
}

/** The machine behind the BMC, which has to be the described one. */
async function withMachine(
  { ctx }: Course,
  key: string,
  node: NodeDescription,
  act: (system: System) => Promise<void>,
): Promise<void> {
  const system = new System({ bmc: node.bmc, readOnly: false, signal: ctx.signal });
  try {
    refuseOtherHost(ctx, { key, node }, await system.facts());
    await act(system);
  } finally {
    await system.close();
  }
}
