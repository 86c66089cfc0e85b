/** What a Membership is given. */
import type { ClusterDescription } from "../../../model/description";
import type { Properties } from "../../shell/resource";
import type { ClusterIdentity } from "../cluster";
import type { ApprovedStep } from "../plan/approved";
import type { Judged } from "../plan/judged";
import type { Member } from "./verify";

/** Inputs of a Membership, all known. */
export interface MembershipInputs {
  cluster: ClusterDescription;
  identity: ClusterIdentity;
  members: Member[];
  /** Keys of members that are to be taken back: their leaving had begun, or their machine was switched off. @default none */
  back?: string[];
  /** Final steps that a person has approved. @default none */
  approved?: ApprovedStep[];
  /** What the plan has judged. @default not known, and it hinders nothing */
  judged?: Judged;
}

/** Inputs as the engine hands them over; call it only where all of them are known. */
export function membershipInputs(properties: Properties): MembershipInputs {
  return properties as unknown as MembershipInputs;
}
