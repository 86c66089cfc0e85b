/**
 * What the programs on a node are made of.
 */
import type { LabServices, MachineContext } from "../../types";
import type { NodeDisk } from "../disk";
import type { EtcdMember } from "../etcd";
import type { NodeIdentity } from "../identity";
import type { Rke2Server } from "./rke2-server";

/** What a program knows of the machine it runs on. */
export interface Session {
  machine: MachineContext;
  disk: NodeDisk;
  identity: NodeIdentity;
  lab: LabServices;
  /** The etcd member, while this machine has one. */
  etcd(): EtcdMember | undefined;
  /** RKE2's unit on this machine; none once RKE2 is uninstalled. */
  rke2(): "rke2-server" | "rke2-agent" | undefined;
  /** RKE2's server, on a machine whose disk holds one. */
  server(): Rke2Server | undefined;
  /** Stops RKE2 and removes it from the disk. */
  uninstall(): Promise<void>;
  user: "rancher" | "root";
}

/** How a program ended. */
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** A program; its arguments come without its own name. */
export type Program = (session: Session, args: string[]) => Promise<Result>;

/** A program that went well. */
export function ok(stdout = ""): Result {
  return { code: 0, stdout, stderr: "" };
}

/** A program that failed. */
export function failed(code: number, stderr: string): Result {
  return { code, stdout: "", stderr: stderr + "\n" };
}
