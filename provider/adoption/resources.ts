/**
 * The provider's resources for one run that acts on nothing: the engine writes the state of a cluster that is running, and every create
 * answers with what was found instead of bringing it about. What a change means, and what a state holds, stay the resources' own.
 */
import type { ClusterDescription } from "../../model/description";
import { sameUuid } from "../../model/hardware";
import { errorsOf } from "../../model/problem";
import { planTransition } from "../../model/transition";
import { validateDescription } from "../../model/validate";
import type { NodeFacts } from "../harvester/node-facts";
import { type ClusterIdentity, cluster } from "../resources/cluster";
import { machine } from "../resources/machine";
import { intentOf, machineId, machineInputs, machineOutputs } from "../resources/machine/inputs";
import { membership } from "../resources/membership";
import { membershipInputs } from "../resources/membership/inputs";
import { verify } from "../resources/membership/verify";
import { backup, retirement } from "../resources/not-yet";
import { plan } from "../resources/plan";
import { type Resource, UserError } from "../shell/resource";

/** A cluster that is taken over. */
export interface Adoption {
  identity: ClusterIdentity;
  nodes: readonly NodeFacts[];
  /** A kubeconfig that leads through the VIP. Secret. */
  kubeconfig: string;
  /** Fingerprint of the authority behind the VIP's certificate; empty where the system's authorities vouch for it. */
  caFingerprint: string;
  /** Public SSH host keys, by the nodes' keys in the description. */
  hostKeys: Readonly<Record<string, string>>;
  /** Power as the BMCs report it, by the nodes' keys. */
  power: Readonly<Record<string, string>>;
}

/** Resources that know of one cluster and leave it as it is. */
export function adoptingResources(adoption: Adoption): Resource[] {
  return [
    withoutActs(backup),
    withoutActs(retirement),
    { ...withoutActs(plan), check: checkPlan(adoption), create: plan.create },
    { ...withoutActs(cluster), create: createCluster(adoption) },
    { ...withoutActs(machine), create: createMachine(adoption) },
    { ...withoutActs(membership), create: createMembership(adoption) },
  ];
}

function withoutActs(resource: Resource): Resource {
  const refuse = async (): Promise<never> => {
    throw new UserError(`${resource.token} is only taken down here as it is; nothing is changed or removed.`);
  };
  return { ...resource, create: refuse, update: refuse, delete: refuse };
}

/** Judges the description and no change: there is none. */
function checkPlan({ identity, caFingerprint }: Adoption): Resource["check"] {
  return async (_ctx, { news }) => {
    const wanted = news.cluster as ClusterDescription;
    const failures = errorsOf(validateDescription(wanted)).map(({ property, message, rule }) => ({
      property: `cluster.${property}`,
      reason: `${message} (rule ${rule})`,
    }));
    const now = new Date().toISOString();
    const transition = planTransition({ before: wanted, after: wanted, now });
    // The authority says that the cluster was seen: with a silent VIP it is not taken for one that is still to be made.
    const seen = { authority: caFingerprint, incarnation: identity.incarnation };
    return { inputs: { ...news, transition, ...seen }, failures };
  };
}

function createCluster({ identity }: Adoption): Resource["create"] {
  return async (_ctx, inputs) => {
    const { vip } = inputs.cluster as ClusterDescription;
    return { id: vip.address, outputs: { ...inputs, ...identity } };
  };
}

function createMachine({ nodes, hostKeys, power, caFingerprint }: Adoption): Resource["create"] {
  return async (_ctx, properties) => {
    const inputs = machineInputs(properties);
    const node = nodes.find(({ uuid }) => sameUuid(uuid, inputs.node.hardware.uuid));
    const sshHostKey = hostKeys[inputs.key];
    if (node === undefined || sshHostKey === undefined)
      throw new UserError(`${inputs.key}: no node of the cluster is its host.`);
    const outputs = machineOutputs(inputs, intentOf(inputs), {
      phase: "member",
      power: power[inputs.key] ?? "unknown",
      installedVersion: node.version,
      sshHostKey,
      caFingerprint,
    });
    return { id: machineId(inputs.node), outputs };
  };
}

function createMembership({ nodes, kubeconfig, caFingerprint }: Adoption): Resource["create"] {
  return async (_ctx, properties) => {
    const inputs = membershipInputs(properties);
    const { cluster: described, identity, members } = inputs;
    const expected = { version: described.version, creator: identity.creator.key };
    const verification = verify(members, nodes, expected);
    const open = [...verification.pending, ...verification.wrong];
    if (open.length > 0) throw new UserError(`members: ${open.join("; ")}.`);
    const { nodes: verified, quorum } = verification;
    return {
      id: described.vip.address,
      outputs: { ...inputs, kubeconfig, caFingerprint, nodes: verified, quorum },
    };
  };
}
