/**
 * Harvester's actions on nodes: `POST /v1/harvester/nodes/<node>?action=<action>` (harvester, pkg/api/node/formatter.go).
 */
import { NODES } from "../builtins";
import type { KubeObject } from "../kube";
import { viewOf } from "../maintenance/controller";
import {
  DRAIN_FORCED,
  DRAIN_REQUESTED,
  drainImpossible,
  MAINTAIN_STATUS,
  nonMigratable,
  otherNodeAvailable,
} from "../maintenance/rules";
import { restartMachines } from "../maintenance/strategies";
import { DRAIN_TAINT } from "../workload/instances";
import type { VipContext } from "./context";
import { ApiError, type Exchange, type Route } from "./exchange";
import { authenticate } from "./tokens";

type Action = (context: VipContext, node: KubeObject, exchange: Exchange) => Promise<object | undefined>;

const ACTIONS: Record<string, Action> = {
  enableMaintenanceMode,
  disableMaintenanceMode,
  cordon: (context, node) => cordon(context, node, true),
  uncordon: (context, node) => cordon(context, node, false),
  maintenancePossible,
  listUnhealthyVM,
};

/** Both roots are the same API. */
const PATH = /^\/v1(?:\/harvester)?\/nodes\/([a-z0-9.-]+)$/;

/** The routes of the actions. */
export function nodeActionRoutes(context: VipContext): Route[] {
  return Object.entries(ACTIONS).map(([action, act]) => ({
    method: "POST",
    path: PATH,
    action,
    handle: async (exchange) => {
      await authenticate(context.kube, exchange);
      const name = PATH.exec(exchange.path)?.[1] ?? "";
      const node = await context.kube.find(NODES, name);
      // Harvester answers whatever goes wrong here as an internal error.
      if (!node) throw new ApiError(500, "ServerError", `nodes "${name}" not found`);
      const answer = await act(context, node, exchange);
      if (answer === undefined) exchange.replyText(204, "");
      else exchange.replyJson(200, answer);
    },
  }));
}

async function maintenancePossible({ kube }: VipContext, node: KubeObject): Promise<undefined> {
  const problem = drainImpossible(node, await kube.list(NODES));
  if (problem !== undefined) throw new ApiError(500, "ServerError", problem);
}

/** Only asks for it: whether virtual machines stand in the way is found by the controller. */
async function enableMaintenanceMode(
  context: VipContext,
  node: KubeObject,
  exchange: Exchange,
): Promise<undefined> {
  await maintenancePossible(context, node);
  const { force } = await exchange.json();
  const forced = force === "true" ? { [DRAIN_FORCED]: "true" } : {};
  const metadata = { annotations: { [DRAIN_REQUESTED]: "true", ...forced } };
  await context.kube.merge(NODES, node.metadata.name, { metadata });
}

async function disableMaintenanceMode({ kube }: VipContext, node: KubeObject): Promise<undefined> {
  const { name, resourceVersion } = node.metadata;
  const annotations = { [DRAIN_REQUESTED]: null, [DRAIN_FORCED]: null, [MAINTAIN_STATUS]: null };
  const taints: { key: string }[] = node.spec?.taints ?? [];
  const rest = taints.filter(({ key }) => key !== DRAIN_TAINT);
  const spec = { unschedulable: null, ...(rest.length < taints.length ? { taints: rest } : {}) };
  await kube.merge(NODES, name, { metadata: { annotations, resourceVersion }, spec });
  await restartMachines(kube, name, "ShutdownAndRestartAfterDisable");
}

async function cordon({ kube }: VipContext, node: KubeObject, wanted: boolean): Promise<undefined> {
  const { name } = node.metadata;
  if ((node.spec?.unschedulable === true) === wanted)
    throw new ApiError(500, "InvalidAction", `Node ${name} already ${wanted ? "cordon" : "uncordon"}ed`);
  if (wanted && !otherNodeAvailable(node, await kube.list(NODES))) {
    const message = "can't enable maintenance mode or cordon on the last available node";
    throw new ApiError(500, "ServerError", message);
  }
  await kube.merge(NODES, name, { spec: { unschedulable: wanted || null } });
}

async function listUnhealthyVM({ kube }: VipContext, node: KubeObject): Promise<object> {
  const found = nonMigratable(node, await viewOf(kube, await kube.list(NODES)));
  return [...found].map(([why, vms]) => ({
    message: `The following VMs cannot be migrated due to ${why} condition`,
    vms,
  }));
}
