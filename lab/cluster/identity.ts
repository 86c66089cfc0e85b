/**
 * Who a node is: names, roles and labels that follow from its hardware, its installation and its disk.
 */
import { createHash, randomBytes } from "node:crypto";
import type { InstalledSystem, MachineContext } from "../types";
import { type NodeDisk, PATHS } from "./disk";
import { type Release, releaseOf } from "./versions";

/** Harvester's declared role of a node (`install.role`). */
export type DeclaredRole = "default" | "management" | "worker" | "witness";

/** Everything a node shows of itself in the cluster. */
export interface NodeIdentity {
  /** Name of the machine in the site. */
  machine: string;
  /** Name of the node in Kubernetes. */
  hostname: string;
  address: string;
  role: DeclaredRole;
  /** Harvester's version on the disk. */
  version: string;
  release: Release;
  /** /etc/machine-id: made anew by every installation. */
  machineId: string;
  bootId: string;
  /** Name of the Cluster API Machine that stands for this installation. */
  machineObject: string;
  /** Name of the etcd member, should this node become one. */
  etcdName: string;
  /** Labels the kubelet registers with. */
  labels: Record<string, string>;
  /** Taints the kubelet registers with. */
  taints: { key: string; value: string; effect: string }[];
}

/** Reads a node's identity; what only the disk can know is made at the first boot and kept there. */
export async function readIdentity(
  machine: MachineContext,
  system: InstalledSystem,
  disk: NodeDisk,
): Promise<NodeIdentity> {
  const os = system.config.os ?? {};
  const hostname = os.hostname;
  if (!hostname) {
    throw new Error(
      "os.hostname is empty in the installed configuration: the node has no name to register with.",
    );
  }
  const role =
    system.mode === "create" ? "management" : ((system.config.install?.role || "default") as DeclaredRole);
  const machineId = (
    await disk.keep(PATHS.machineId, () => randomBytes(16).toString("hex") + "\n", 0o644)
  ).trim();
  const hash = createHash("sha256").update(machineId).digest("hex");
  return {
    machine: machine.name,
    hostname,
    address: machine.address,
    role,
    version: system.version,
    release: releaseOf(system.version),
    machineId,
    bootId: randomBytes(16).toString("hex"),
    machineObject: `custom-${hash.slice(0, 12)}`,
    etcdName: `${hostname}-${hash.slice(12, 20)}`,
    labels: {
      "beta.kubernetes.io/arch": "amd64",
      "beta.kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "kubernetes.io/os": "linux",
      "kubernetes.io/hostname": hostname,
      "cattle.io/os": "linux",
      "harvesterhci.io/managed": "true",
      // KubeVirt's: a virtual machine with the host's CPU model moves only between nodes that share this label.
      [`host-model-cpu.node.kubevirt.io/${machine.hardware.cpuModel.replaceAll(/[^\w.-]+/g, "-")}`]: "true",
      ...(role === "default" ? {} : { [`node-role.harvesterhci.io/${role}`]: "true" }),
      ...os.labels,
    },
    taints:
      role === "witness" ? [{ key: "node-role.kubernetes.io/etcd", value: "true", effect: "NoExecute" }] : [],
  };
}
