/** The resources of the `metal` provider, as a program sees them. */
export { Cluster, type ClusterArgs, type ClusterIdentity, type SharedInputs } from "./cluster";
export { type JoinInputs, Machine, type MachineArgs } from "./machine";
export { Membership, type MembershipArgs } from "./membership";
export { type ApprovedStep, Plan, type PlanArgs } from "./plan";
