/** The identity of a cluster: chosen once, before any machine boots, and kept in the state. */
import { randomBytes } from "node:crypto";
import { type Candidate, chooseCreator } from "../../model/creator";
import type { ClusterDescription, HardwareDescription } from "../../model/description";
import { sameUuid } from "../../model/hardware";
import { incarnationId } from "../../model/identity";
import { differences } from "../shell/diff";
import { isUnknown, type Properties, type Resource, UNKNOWN, UserError } from "../shell/resource";
import { recordHosts } from "./hosts";
import { sightCluster } from "./sighting";

/** Who a cluster is. */
export interface ClusterIdentity {
  /** Id of this life of the cluster, twelve hex digits. */
  incarnation: string;
  /** The one machine that may ever be served a create configuration (P1), until it was described no more: from then on nobody may. */
  creator: { key: string; uuid: string; serial: string; retired?: boolean };
  /** 32 random bytes, hex. */
  seed: string;
}

interface CandidateWithHardware extends Candidate {
  hardware: HardwareDescription;
}

/** `metal:index:Cluster`. */
export const cluster: Resource = {
  token: "metal:index:Cluster",
  secretOutputs: ["seed"],

  async check(ctx, { news }) {
    const candidates = news.candidates as CandidateWithHardware[];
    recordHosts(ctx.facts, ctx.urn, candidates);
    const failures =
      chooseCreator(candidates) === undefined
        ? [
            {
              property: "candidates",
              reason:
                "no node may create the cluster: workers are never promoted and a witness holds etcd only. Give one " +
                "node the role management or default. (rule creator-needed)",
            },
          ]
        : [];
    return { inputs: news, failures };
  },

  async diff(_ctx, { oldInputs, news }) {
    // The receipt changes with a generation only, which the plan judges; it is no change of the identity by itself.
    return { changes: differences(oldInputs, news).filter((change) => change.path !== "plan") };
  },

  async create(ctx, inputs) {
    const description = inputs.cluster as ClusterDescription;
    const creator = creatorOf(inputs);
    if (ctx.preview) {
      return { id: "", outputs: { ...inputs, incarnation: UNKNOWN, creator, seed: UNKNOWN } };
    }
    await refuseWhereSomethingAnswers(description, ctx.signal);
    const seed = randomBytes(32).toString("hex");
    return {
      id: description.vip.address,
      outputs: { ...inputs, incarnation: incarnationId(seed, description.generation ?? 1), creator, seed },
    };
  },

  async update(_ctx, { oldOutputs, news }) {
    const { incarnation, seed } = oldOutputs;
    return { outputs: { ...news, incarnation, creator: creatorAfter(oldOutputs, news), seed } };
  },

  async read(_ctx, { id, inputs, outputs }) {
    if (inputs === undefined || outputs === undefined) {
      throw new UserError(
        "A Cluster cannot be imported: its seed lives in the state alone, and no running cluster can tell it. Restore " +
          "the state from a backup, or take the running cluster over by `npm run adopt` (docs/adopting.md).",
      );
    }
    return { id, inputs, outputs };
  },

  async delete() {
    // Forgets. Whether machines may be let go of is Machine's and Membership's to judge, and they come first.
  },
};

function creatorOf(inputs: Properties): ClusterIdentity["creator"] | typeof UNKNOWN {
  const chosen = chooseCreator(inputs.candidates as CandidateWithHardware[])!;
  const { uuid, serial } = chosen.hardware;
  return isUnknown(uuid) || isUnknown(serial) ? UNKNOWN : { key: chosen.key, uuid, serial };
}

/**
 * The creator, retired once it is described no more: should its host come back one day, it joins like any other, also while the VIP is silent.
 */
function creatorAfter(oldOutputs: Properties, news: Properties): ClusterIdentity["creator"] {
  const creator = oldOutputs.creator as ClusterIdentity["creator"];
  const candidates = news.candidates as CandidateWithHardware[];
  const described = candidates.some(
    ({ key, hardware }) =>
      key === creator.key || (!isUnknown(hardware.uuid) && sameUuid(hardware.uuid, creator.uuid)),
  );
  return creator.retired === true || !described ? { ...creator, retired: true } : creator;
}

/** A new identity is only ever made where no cluster is: two clusters on one VIP are never right (P1). */
async function refuseWhereSomethingAnswers(
  description: ClusterDescription,
  signal: AbortSignal,
): Promise<void> {
  const sighting = await sightCluster(description, signal);
  if (sighting.kind === "silent") return;
  throw new UserError(
    `cluster.vip.address: something answers at the VIP ${description.vip.address} (${sighting.what}), and the state ` +
      "holds no identity of a cluster there. Nothing was touched. If the state was lost or edited, restore it " +
      "(pulumi stack import from a backup); if another cluster runs there, choose another VIP.",
  );
}
