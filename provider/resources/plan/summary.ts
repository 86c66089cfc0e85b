/** A judged change in words, and whether this release carries it out. */
import type { ClusterDescription } from "../../../model/description";
import {
  lacksApproval,
  type Moment,
  type Step,
  type Transition,
  type TransitionKind,
} from "../../../model/transition";
import { UserError } from "../../shell/errors";

/** What `up` does; any other change it judges and shows. */
const CARRIED_OUT: readonly TransitionKind[] = [
  "none",
  "settings",
  "provision",
  "grow",
  "shrink",
  "replace",
  "reinstall",
  "role-change",
  "maintenance",
];

/** The steps of a change, one line each, for a preview; empty where there is nothing to say. */
export function summaryOf({ kind, steps, unknown }: Transition): string {
  const blind = unknown.map((what) => `Not known: ${what}`);
  if (steps.length === 0) return blind.join("\n");
  const lines = steps.map((step, at) => `${at + 1}. ${lineOf(step)}`);
  return [`This change: ${kind}.`, ...lines, ...blind].join("\n");
}

/** What is to be done about an approval that is missing or does not fit; undefined where there is nothing to do. */
export function approvalWanted({ approval }: Transition): string | undefined {
  if (!lacksApproval(approval)) return undefined;
  const { hash, steps, given } = approval;
  const why =
    given === undefined
      ? `${steps} of the steps ${steps === 1 ? "has" : "have"} no way back, and nobody has approved that.`
      : `"${given}" approves another change than this one: hosts, disks, versions or steps are not the same.`;
  return `cluster.approve: ${why} Read the steps; if they are what you want, set approve: "${hash}" in the description, or give --config approve=${hash}. (rule approval)`;
}

/** What a preview has to say of a change that `up` would refuse for want of a way to carry it out; undefined where it carries it out. */
export function notCarriedOut({ kind }: Transition): string | undefined {
  if (CARRIED_OUT.includes(kind)) return undefined;
  return `cluster: the change is ${kind === "upgrade" ? "an" : "a"} ${kind}, which this release judges and does not carry out: \`up\` refuses it. ${NOT_YET}`;
}

/** Refuses, before anything is touched, a change that nobody has approved or that only previews know. */
export function refuseUnlessCarriedOut(transition: Transition): void {
  const refused = notCarriedOut(transition) ?? approvalWanted(transition);
  if (refused !== undefined) throw new UserError(`${refused} Nothing was touched.`);
}

/** Refuses a change that needs commands on nodes where the description holds no key to log in with. */
export function refuseWithoutWayOntoNodes(
  { steps }: Transition,
  { access }: Pick<ClusterDescription, "access">,
): void {
  const nodes = steps.filter(({ kind }) => kind === "leave" || kind === "reinstall").map(({ node }) => node);
  if (nodes.length === 0 || access.sshPrivateKey !== undefined) return;
  throw new UserError(
    `cluster.access.sshPrivateKey: ${nodes.join(", ")} can leave only by commands on the node itself (it is uninstalled there, and etcd is asked), ` +
      "and there is no key to log in with. Nothing was touched. Give the private half of one of os.sshAuthorizedKeys. (rule leave-over-ssh)",
  );
}

const NOT_YET =
  "Set the description back, or, if no machine was installed yet, run pulumi destroy and begin anew.";

function lineOf({ about, during, after }: Step): string {
  const low = during === undefined ? "" : `; meanwhile ${quorumIn(during)}`;
  return `${about}: ${quorumIn(after)}${low}`;
}

function quorumIn({ quorum: { members, healthy, tolerance } }: Moment): string {
  const voters = healthy === members ? `${members}` : `${healthy} of ${members}`;
  return `${voters} etcd ${members === 1 ? "voter" : "voters"}, ${tolerance} may fail`;
}
