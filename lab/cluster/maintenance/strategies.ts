/**
 * Virtual machines that are stopped for the maintenance of a node, and started again after it. Which of them, and when, is a label of the machine.
 */
import { resourceOf } from "../kinds";
import type { KubeClient, KubeObject } from "../kube";
import { STRATEGY_LABEL } from "./rules";

const MACHINES = resourceOf("virtualMachine");
/** Annotation of a machine that is to run again: the node for which it was stopped. */
const STOPPED_FOR = "harvesterhci.io/maintain-mode-strategy-node-name";
/** Annotation in which Harvester keeps how a stopped machine ran. */
const RAN_AS = "harvesterhci.io/vmRunStrategy";

/** When a stopped machine is started again. */
type Restart = "ShutdownAndRestartAfterEnable" | "ShutdownAndRestartAfterDisable";

/** Stops the machine of an instance; with `remember` it is to run again. */
export async function haltMachine(
  kube: KubeClient,
  instance: KubeObject,
  node: string,
  remember: boolean,
): Promise<void> {
  const machine = await kube.find(MACHINES, instance.metadata.name, instance.metadata.namespace);
  if (machine === undefined || machine.spec?.runStrategy === "Halted") return;
  const again = remember && instance.metadata.labels?.[STRATEGY_LABEL] !== "Shutdown";
  const annotations = {
    [RAN_AS]: machine.spec?.runStrategy ?? "RerunOnFailure",
    ...(again ? { [STOPPED_FOR]: node } : {}),
  };
  await change(kube, machine, annotations, "Halted");
}

/** Starts the machines again that were stopped for a node. */
export async function restartMachines(kube: KubeClient, node: string, when: Restart): Promise<void> {
  for (const machine of await stoppedFor(kube, [node])) {
    if (machine.metadata.labels?.[STRATEGY_LABEL] !== when) continue;
    const runStrategy = machine.metadata.annotations?.[RAN_AS] ?? "RerunOnFailure";
    await change(kube, machine, { [STOPPED_FOR]: null }, runStrategy);
  }
}

/** Forgets for which nodes machines were stopped: those nodes are gone. */
export async function forgetNodes(kube: KubeClient, nodes: readonly string[]): Promise<void> {
  for (const machine of await stoppedFor(kube, nodes)) await change(kube, machine, { [STOPPED_FOR]: null });
}

async function stoppedFor(kube: KubeClient, nodes: readonly string[]): Promise<KubeObject[]> {
  const machines = await kube.list(MACHINES);
  return machines.filter(({ metadata }) => nodes.includes(metadata.annotations?.[STOPPED_FOR] ?? ""));
}

async function change(
  kube: KubeClient,
  { metadata }: KubeObject,
  annotations: Record<string, string | null>,
  runStrategy?: string,
): Promise<void> {
  // `running` is the older way to say it; a machine has one of the two.
  const spec = runStrategy === undefined ? {} : { runStrategy, running: null };
  const options = { namespace: metadata.namespace };
  await kube.merge(MACHINES, metadata.name, { metadata: { annotations }, spec }, options);
}
