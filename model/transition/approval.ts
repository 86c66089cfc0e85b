/** What a person approves when a change holds a step that has no way back. */
import { createHash } from "node:crypto";
import type { HardwareDescription } from "../description";
import { canonicalSerial, canonicalUuid } from "../hardware";
import type { Approval, Transition } from "./transition";

/** What else an approval is bound to. */
export interface ApprovalSubject {
  /** Id of the life that the cluster has now; empty where there is none yet. */
  incarnation: string;
  /** The hosts by the keys of their nodes: all that the change is about, described before or after it. */
  hardware: Readonly<Record<string, Pick<HardwareDescription, "uuid" | "serial">>>;
}

/**
 * Whether an approval that is asked for is not there. `approve` may hold several, with blanks between them: one that is for another change, of
 * yesterday, counts for nothing and hinders nothing.
 */
export function lacksApproval(approval: Approval | undefined): approval is Approval {
  if (approval === undefined || approval.given === approval.hash) return false;
  return !(approval.given ?? "").split(/\s+/).includes(approval.hash);
}

/** Whether a change needs an approval: one of its steps is final. */
export function needsApproval({ steps }: Transition): boolean {
  return steps.some(({ finality }) => finality === "final");
}

/**
 * The approval of a change: 12 hex digits that change with its final steps, the hosts and disks that they touch, the counts of
 * reinstallations, the versions, the rules that were overridden, and the incarnation. Sentences, times, the leader of etcd and virtual
 * machines do not count, as they change by themselves; nor does the spelling of a UUID or a serial number.
 */
export function approvalOf(transition: Transition, { incarnation, hardware }: ApprovalSubject): string {
  const { versions, steps, findings } = transition;
  const subject = {
    incarnation,
    versions: [versions.from ?? "", versions.to],
    steps: steps
      .filter(({ finality }) => finality === "final")
      .map(({ kind, node, reinstall, wiped, kept }) => ({
        kind,
        node: node ?? "",
        // What was approved once is not approved for good: the line stays in the description, and the same host may be reinstalled again.
        reinstall: reinstall ?? 0,
        host: hostOf(node === undefined ? undefined : hardware[node]),
        wiped: wiped.map(diskOf).sort(),
        kept: kept.map(diskOf).sort(),
      })),
    // A rebuild is about every host, and installs each of them anew.
    hosts: steps.some(({ kind }) => kind === "rebuild")
      ? Object.keys(hardware)
          .sort()
          .map((key) => [key, hostOf(hardware[key])])
      : [],
    installed: steps.some(({ kind }) => kind === "rebuild")
      ? steps.map(({ kind, node, wiped }) => [kind, node ?? "", wiped.map(diskOf).sort()])
      : [],
    overridden: findings
      .flatMap(({ rule, property, overridden }) => (overridden === undefined ? [] : [`${rule} ${property}`]))
      .sort(),
  };
  return createHash("sha256").update(JSON.stringify(subject)).digest("hex").slice(0, 12);
}

function hostOf(hardware: ApprovalSubject["hardware"][string] | undefined): string[] {
  if (hardware === undefined) return [];
  return [canonicalUuid(hardware.uuid) ?? hardware.uuid, canonicalSerial(hardware.serial)];
}

function diskOf({ node, device, serial }: { node: string; device: string; serial: string }): string {
  return JSON.stringify([node, device, canonicalSerial(serial)]);
}
