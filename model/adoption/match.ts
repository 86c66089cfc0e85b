/**
 * Which BMC belongs to which node? By the system UUID, in either byte order, which the kubelet and the BMC both report; serial number and
 * MAC addresses have to agree with it. What does not fit is for a person to decide: a wrong pair would act on another host one day.
 */
import { compareHardware, describeComparison, type HardwareComparison, sameUuid } from "../hardware";
import type { AdoptionFinding, FoundBmc, FoundNode } from "./facts";

/** Who belongs to whom. */
export interface Matching {
  /** The BMC of each node that has exactly one, by the node's name. */
  bmcs: ReadonlyMap<string, FoundBmc>;
  findings: AdoptionFinding[];
}

/** Matches. A node whose own system was not read yet is matched by its UUID alone. */
export function matchHosts(nodes: readonly FoundNode[], bmcs: readonly FoundBmc[]): Matching {
  const claims = bmcs.map((bmc) => ({ bmc, nodes: claimed(nodes, bmc) }));
  const pairs = new Map<string, FoundBmc>();
  for (const node of nodes) {
    const claimants = claims.filter((claim) => claim.nodes.includes(node));
    if (claimants.length === 1 && claimants[0]!.nodes.length === 1) pairs.set(node.name, claimants[0]!.bmc);
  }
  const paired = new Set(pairs.values());
  const loneNodes = nodes.filter(({ name }) => !pairs.has(name));
  const loneBmcs = bmcs.filter((bmc) => !paired.has(bmc));
  return {
    bmcs: pairs,
    findings: [
      ...nodes.flatMap((node) => {
        const bmc = pairs.get(node.name);
        return bmc === undefined ? [] : judgePair(node, bmc);
      }),
      ...loneNodes.map((node) => lonely(node, loneBmcs, claims)),
      ...loneBmcs.map((bmc) => spare(bmc, claims.find((claim) => claim.bmc === bmc)!.nodes)),
    ],
  };
}

/** The nodes that a BMC may belong to: the one a person named, else those that report its UUID. */
function claimed(nodes: readonly FoundNode[], { entry, system }: FoundBmc): FoundNode[] {
  if (entry.node !== undefined) return nodes.filter(({ name }) => name === entry.node);
  return system === undefined ? [] : nodes.filter(({ uuid }) => sameUuid(uuid, system.uuid));
}

/** A pair has to agree in everything. A person may say that serial number and MACs are to differ, but nobody acts across two UUIDs. */
function judgePair(node: FoundNode, { entry, system, unread }: FoundBmc): AdoptionFinding[] {
  const { endpoint } = entry.bmc;
  const about = (result: AdoptionFinding["result"], detail: string): AdoptionFinding[] => [
    { subject: node.name, check: "host", result, detail },
  ];
  if (system === undefined) return about("fail", `${endpoint} could not be asked: ${unread ?? "no answer"}`);
  const comparison = compare(node, system);
  const lines = describeComparison(comparison).join("; ").replaceAll("declared", "the node says");
  const differing = comparison.table.filter(({ verdict }) => verdict === "differs");
  if (!sameUuid(node.uuid, system.uuid)) {
    return about("fail", `${endpoint} was named for it and reports another UUID: ${lines}. ${CORRECT_LIST}`);
  }
  // What its system says was not read, which is a finding of its own.
  if (node.host === undefined) return [];
  if (differing.length === 0 && comparison.verdict === "same") {
    return about("ok", `${endpoint} is its BMC: serial ${system.serial}`);
  }
  if (entry.node === node.name)
    return about("warn", `${endpoint} is its BMC, as the list says, and ${lines}`);
  return about(
    "fail",
    `${endpoint} reports its UUID, but ${lines}. If it is the BMC of this node all the same, say so in the list: node: ${node.name}`,
  );
}

function compare({ uuid, host }: FoundNode, system: NonNullable<FoundBmc["system"]>): HardwareComparison {
  const { serial, macs } = system;
  const mine = { uuid, ...(host === undefined ? {} : { serial: host.serial, macs: macsOf(host) }) };
  return compareHardware(mine, { uuid: system.uuid, serial, macs });
}

function macsOf(host: NonNullable<FoundNode["host"]>): string[] {
  const declared = host.installed.network.interfaces;
  const macs = declared.map(
    ({ name, hwAddr }) => hwAddr ?? host.interfaces.find((card) => card.name === name)?.mac,
  );
  return macs.filter((mac) => mac !== undefined);
}

function lonely(
  node: FoundNode,
  loneBmcs: readonly FoundBmc[],
  claims: readonly { bmc: FoundBmc; nodes: FoundNode[] }[],
): AdoptionFinding {
  const of = (detail: string): AdoptionFinding => ({
    subject: node.name,
    check: "BMC",
    result: "fail",
    detail,
  });
  const claimants = claims.filter((claim) => claim.nodes.includes(node)).map(({ bmc }) => bmc);
  if (claimants.length > 1) {
    return of(
      `${claimants.map(endpointOf).join(" and ")} both claim it (UUID ${node.uuid}). ${CORRECT_LIST}`,
    );
  }
  if (claimants.length === 1) {
    return of(`other nodes report its UUID ${node.uuid}, too, which only their vendor's tool can mend`);
  }
  const similar = loneBmcs.find(({ system }) => system !== undefined && isSimilar(node, system));
  if (similar !== undefined) {
    const lines = describeComparison(compare(node, similar.system!)).join("; ");
    return of(
      `${endpointOf(similar)} looks like its BMC and reports another UUID: ${lines.replaceAll("declared", "the node says")}. ` +
        "Boot the node once more if its board was swapped, or correct the list",
    );
  }
  const silent = loneBmcs.filter(({ system }) => system === undefined).map(endpointOf);
  const maybe = silent.length > 0 ? ` It may be ${silent.join(" or ")}, which could not be asked.` : "";
  return of(`no BMC of the list reports its UUID ${node.uuid}.${maybe} Add its BMC to the list`);
}

function isSimilar(node: FoundNode, system: NonNullable<FoundBmc["system"]>): boolean {
  return compare(node, system).table.some(
    ({ what, verdict }) => what !== "uuid" && verdict.startsWith("agrees"),
  );
}

function spare(bmc: FoundBmc, nodes: readonly FoundNode[]): AdoptionFinding {
  const of = (detail: string): AdoptionFinding => ({
    subject: endpointOf(bmc),
    check: "node",
    result: "fail",
    detail,
  });
  if (bmc.entry.node !== undefined && nodes.length === 0)
    return of(`the list names node ${bmc.entry.node} for it, and the cluster has none of that name`);
  if (bmc.system === undefined) return of(`it could not be asked: ${bmc.unread ?? "no answer"}`);
  const { uuid, serial } = bmc.system;
  if (nodes.length > 1) return of(`${nodes.map(({ name }) => name).join(" and ")} report its UUID ${uuid}`);
  if (nodes.length === 1) return of(`${nodes[0]!.name} is claimed by another BMC, too`);
  return of(
    `no node of the cluster is its host (UUID ${uuid}, serial ${serial}). If the host does not belong to this cluster, take it off the list`,
  );
}

function endpointOf({ entry }: FoundBmc): string {
  return entry.bmc.endpoint;
}

const CORRECT_LIST = "Correct the list";
