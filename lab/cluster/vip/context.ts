/**
 * What the handlers behind the VIP need of the node that holds it.
 */
import type { Faults, Ledger } from "../../types";
import type { ClusterAuthorities } from "../authorities";
import type { EtcdMemberInfo } from "../etcd-client";
import type { NodeIdentity } from "../identity";
import type { KubeClient } from "../kube";

/** The holder of the VIP and its ways into the cluster. */
export interface VipContext {
  identity: NodeIdentity;
  vip: string;
  /** Rancher's own client: it may do everything, and in the audit log it has a name of its own. */
  kube: KubeClient;
  authorities: ClusterAuthorities;
  /** Secret that lets nodes join. */
  clusterToken: string;
  /** CA of the certificate that the VIP shows. */
  vipCa: string;
  /** The etcd members as this node's own member knows them. */
  etcdMembers(): Promise<EtcdMemberInfo[]>;
  ledger: Ledger;
  faults: Faults;
}
