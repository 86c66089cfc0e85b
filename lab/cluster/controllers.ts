/**
 * The controllers that run once per cluster, where the holder of the VIP is.
 */
import type { LabServices } from "../types";
import type { EtcdClient } from "./etcd-client";
import { collectGarbage } from "./garbage-collector";
import type { KubeClient } from "./kube";
import { forgetRemovedNodes, reconcileMachines } from "./machines";
import { Maintenance } from "./maintenance/controller";
import { NodeLifecycle } from "./node-lifecycle";
import { removeNodes } from "./node-removal";
import { PromotionController } from "./promotion-controller";
import type { Timing } from "./timing";
import { repeat } from "./wait";
import { KubeVirt } from "./workload/kubevirt";
import { Longhorn } from "./workload/longhorn";

/** What the controllers work with. */
export interface ControllerParts {
  kube: KubeClient;
  /** The member of the machine on which they run. */
  etcd: EtcdClient;
  lab: LabServices;
  timing: Timing;
  log(line: string): void;
}

/** Runs the controllers until the signal is aborted. What one of them cannot do holds up none of the others. */
export function runControllers({ kube, etcd, lab, timing, log }: ControllerParts, signal: AbortSignal): void {
  const lifecycle = new NodeLifecycle(kube, timing.graceMs);
  const promotion = new PromotionController(kube, lab);
  const longhorn = new Longhorn(kube, lab.clock, lab.ledger);
  const kubevirt = new KubeVirt(kube, lab.clock, lab.ledger);
  const maintenance = new Maintenance(kube, lab.ledger);
  const names = new Set<string>();
  const controllers: Record<string, () => Promise<void>> = {
    removal: () => removeNodes(kube, etcd, lab.ledger),
    "node-password": () => forgetRemovedNodes(kube, names),
    machines: () => reconcileMachines(kube),
    "node-lifecycle": () => lifecycle.reconcile(),
    promotion: () => promotion.reconcile(),
    maintenance: () => maintenance.reconcile(),
    longhorn: () => longhorn.reconcile(),
    kubevirt: () => kubevirt.reconcile(),
    "garbage-collector": () => collectGarbage(kube),
  };
  const pass = async (): Promise<void> => {
    for (const [name, reconcile] of Object.entries(controllers)) {
      if (signal.aborted) return;
      await reconcile().catch(
        (error: Error) => signal.aborted || log(`controllers: ${name}: ${error.message}`),
      );
    }
  };
  void repeat(pass, timing.controllerMs, signal, (error) => log(`controllers: ${error.message}`));
}
