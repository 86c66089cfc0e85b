/**
 * From declared roles to the control plane that they end in: members, etcd voters, API servers, who stands by.
 *
 * What a person declares is a wish; promotion decides. The preview replays it for a cluster whose nodes are all healthy.
 */
import { judgeControlPlane } from "./control-plane-rules";
import { chooseCreator } from "./creator";
import type { NodeDescription } from "./description";
import type { Problem } from "./problem";
import {
  apiServersOf,
  membersOf,
  type PromotionNode,
  type PromotionReplay,
  replayPromotions,
  standbyOf,
  votersOf,
} from "./promotion";
import { roleOf } from "./roles";
import { parseVersion } from "./versions";

/** As much of a description as decides about its control plane. */
export interface DeclaredRoles {
  /** Harvester version; the newest known one where it is missing or none. */
  version?: string;
  /** The nodes by key. */
  nodes: Readonly<Record<string, Pick<NodeDescription, "role" | "zone">>>;
}

/** The control plane that a description ends in. All names are keys of nodes. */
export interface ControlPlanePreview {
  /** The machine that creates the cluster; undefined where none of the nodes can. */
  creator: string | undefined;
  /** Its members as Harvester counts them, a witness included: the creator, then in order of promotion. */
  controlPlane: string[];
  /** Members of etcd. */
  voters: string[];
  /** Members that run an API server: all but a witness. */
  apiServers: string[];
  /** Who would be promoted if a seat became free, those preferred first. */
  standby: string[];
  /** Who takes the seat of each member, were it removed from the cluster; nobody where it says undefined. */
  successors: Record<string, string | undefined>;
  /** What is wrong or surprising about it. */
  problems: Problem[];
}

/** The control plane that a description ends in, with the machine that creates the cluster if that is already decided. */
export function previewControlPlane(
  description: DeclaredRoles,
  creator: string | undefined = creatorKeyOf(description),
): ControlPlanePreview {
  const empty = { controlPlane: [], voters: [], apiServers: [], standby: [], successors: {}, problems: [] };
  if (creator === undefined || description.nodes[creator] === undefined)
    return { creator: undefined, ...empty };
  const version = versionOf(description);
  const replay = replayDeclared(description, creator);
  const bySeat = [creator, ...replay.promoted].map(
    (name) => replay.nodes.find((node) => node.name === name)!,
  );
  const preview = {
    creator,
    controlPlane: membersOf(bySeat),
    voters: votersOf(bySeat),
    apiServers: apiServersOf(bySeat),
    standby: standbyOf(replay.nodes, version).map(({ name }) => name),
    successors: Object.fromEntries(
      membersOf(bySeat).map((member) => {
        const remaining = replay.nodes.filter(({ name }) => name !== member);
        return [member, replayPromotions(remaining, version).promoted[0]];
      }),
    ),
  };
  return { ...preview, problems: judgeControlPlane({ ...preview, replay }) };
}

/** The machine that creates the cluster by this description alone; undefined where none of the nodes can. */
export function creatorKeyOf({ nodes }: DeclaredRoles): string | undefined {
  return chooseCreator(Object.entries(nodes).map(([key, { role }]) => ({ key, role })))?.key;
}

/** Replays promotion for a cluster in which every declared node is there and healthy. */
export function replayDeclared(description: DeclaredRoles, creator: string): PromotionReplay {
  const joins = Object.keys(description.nodes).filter((key) => key !== creator);
  return replayPromotions(
    [freshNode(description, creator, 0, true), ...joins.map((key, i) => freshNode(description, key, i + 1))],
    versionOf(description),
  );
}

/** A declared node just after it has joined, or after it has created the cluster. */
export function freshNode(
  { nodes }: DeclaredRoles,
  key: string,
  created: number,
  creates = false,
): PromotionNode {
  const node = nodes[key]!;
  return {
    name: key,
    role: roleOf(node),
    ...(node.zone === undefined ? {} : { zone: node.zone }),
    healthy: true,
    controlPlane: creates,
    etcd: creates,
    created,
  };
}

/** The version whose promotion is replayed; undefined means the newest known one. */
export function versionOf({ version }: DeclaredRoles): string | undefined {
  return version !== undefined && parseVersion(version) !== undefined ? version : undefined;
}
