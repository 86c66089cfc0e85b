/** Arithmetic of an etcd cluster's quorum. */

/** Members of an etcd cluster, counted. */
export interface Quorum {
  /** Members that count for the majority. */
  members: number;
  /** Members that answer and follow the leader. */
  healthy: number;
  /** How many must be healthy so that anything can be written. */
  required: number;
  /** How many healthy members may be lost before writing stops; 0 also where it has stopped already. */
  tolerance: number;
  /** Whether anything can be written. */
  reached: boolean;
}

/** The quorum of `members` voters of which `healthy` are. */
export function quorumOf(members: number, healthy: number = members): Quorum {
  if (
    !Number.isInteger(members) ||
    !Number.isInteger(healthy) ||
    members < 0 ||
    healthy < 0 ||
    healthy > members
  ) {
    throw new Error(`${healthy} healthy of ${members} members cannot be`);
  }
  const required = members === 0 ? 0 : Math.floor(members / 2) + 1;
  const reached = members > 0 && healthy >= required;
  return { members, healthy, required, tolerance: reached ? healthy - required : 0, reached };
}

/** Whether the number of voters is one to rest at: an even number needs one more for the same tolerance. */
export function isRestingVoterCount(voters: number): boolean {
  return voters === 1 || voters === 3;
}
