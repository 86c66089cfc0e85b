/** The way onto a node: SSH as `rancher`, to a host key that is known beforehand. */
import {
  type ClusterDescription,
  hostnameOf,
  installedAs,
  type NodeDescription,
  sshEndpointOf,
} from "../../model/description";
import { sshHostKey } from "../../model/identity";
import type { NodeShell } from "../harvester/etcd";
import { runOverSsh } from "../ssh/exec";
import type { ClusterIdentity } from "./cluster";

/** A node that can be reached. */
export interface ReachableNode {
  hardware: NodeDescription["hardware"];
  wasHardware?: NodeDescription["wasHardware"];
  hostname?: string | undefined;
  address?: string | undefined;
  ssh?: NodeDescription["ssh"];
}

/** Longest time of one command; a snapshot of etcd or an uninstallation takes minutes at most. */
const COMMAND_MS = 300_000;
/** Longest time of a command that only asks. */
const QUESTION_MS = 20_000;

/** What runs commands on a node, with patience for those that do something; undefined where the description holds no key for it. */
export function shellOf(
  {
    cluster,
    identity,
  }: { cluster: Pick<ClusterDescription, "access">; identity: Pick<ClusterIdentity, "seed"> },
  { key, node, hostKey }: { key: string; node: ReachableNode; hostKey?: string | undefined },
): { ask: NodeShell; act: NodeShell } | undefined {
  const privateKey = cluster.access.sshPrivateKey;
  if (privateKey === undefined) return undefined;
  const target = {
    ...sshEndpointOf(hostnameOf(key, node), node),
    // An adopted node shows a key of its own; that of others follows from the seed.
    hostKey: hostKey ?? sshHostKey(identity.seed, installedAs(node)).publicKey,
    privateKey,
  };
  return {
    ask: (command) => runOverSsh(target, command, QUESTION_MS),
    act: (command) => runOverSsh(target, command, COMMAND_MS),
  };
}
