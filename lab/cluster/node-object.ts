/**
 * The Node object as a kubelet writes it.
 */
import { createHash } from "node:crypto";
import type { MachineHardware } from "../types";
import type { NodeIdentity } from "./identity";
import type { KubeObject } from "./kube";
import { minorOf } from "./versions";

/** Annotation that tells which machine of the lab the node is. */
export const MACHINE_ANNOTATION = "lab.harvester-stack.io/machine";

/** What a kubelet registers. */
export function newNode(identity: NodeIdentity, machineUid: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: identity.hostname,
      labels: { ...identity.labels, "rke.cattle.io/machine": machineUid },
      annotations: nodeAnnotations(identity),
    },
    spec: identity.taints.length > 0 ? { taints: identity.taints } : {},
  };
}

/** Annotations that RKE2's agent sets on its own node. */
export function nodeAnnotations(identity: NodeIdentity): Record<string, string> {
  const args = JSON.stringify(["agent", "--node-name", identity.hostname, "--node-ip", identity.address]);
  return {
    [MACHINE_ANNOTATION]: identity.machine,
    "node.alpha.kubernetes.io/ttl": "0",
    "rke2.io/hostname": identity.hostname,
    "rke2.io/internal-ip": identity.address,
    "rke2.io/node-args": args,
    "rke2.io/node-config-hash": createHash("sha256").update(args).digest("base64url").toUpperCase(),
    "rke2.io/node-env": "{}",
    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
  };
}

/** The status a healthy kubelet reports. `now` in RFC 3339. */
export function nodeStatus(
  identity: NodeIdentity,
  hardware: MachineHardware,
  now: string,
): Record<string, unknown> {
  const memoryKi = hardware.memoryGiB * 1024 * 1024;
  const resources = (reservedKi: number): Record<string, string> => ({
    cpu: String(hardware.cores),
    "ephemeral-storage": "149Gi",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: `${memoryKi - reservedKi}Ki`,
    pods: "200",
  });
  return {
    addresses: [
      { type: "InternalIP", address: identity.address },
      { type: "Hostname", address: identity.hostname },
    ],
    capacity: resources(0),
    allocatable: resources(512 * 1024),
    conditions: [
      condition(
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        now,
      ),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now),
      condition(
        "PIDPressure",
        "False",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
        now,
      ),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now),
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: "amd64",
      bootID: identity.bootId,
      containerRuntimeVersion: "containerd://2.0.5-k3s2",
      kernelVersion: minorOf(identity.version) >= 7 ? "6.4.0-34-default" : "5.14.21-150500.55.116-default",
      kubeProxyVersion: identity.release.kubernetes,
      kubeletVersion: identity.release.kubernetes,
      machineID: identity.machineId,
      operatingSystem: "linux",
      osImage: `Harvester ${identity.version}`,
      systemUUID: hardware.uuid,
    },
  };
}

/** A condition of a Node. The time of the last transition is the caller's to keep. */
export function condition(type: string, status: string, reason: string, message: string, now: string) {
  return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
}

/** Keeps the time of the last transition of conditions whose status did not change. */
export function keepTransitions(
  conditions: { type: string; status: string; lastTransitionTime: string }[],
  known: { type: string; status: string; lastTransitionTime?: string }[],
): void {
  for (const fresh of conditions) {
    const before = known.find((c) => c.type === fresh.type && c.status === fresh.status);
    if (before?.lastTransitionTime) fresh.lastTransitionTime = before.lastTransitionTime;
  }
}
