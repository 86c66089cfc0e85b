/**
 * What the programs on a node are made of.
 */
import type { LabServices, MachineContext } from "../../types";
import type { NodeDisk } from "../disk";
import type { NodeIdentity } from "../identity";
import type { ServerNode } from "../server-node";

/** What a program knows of the machine it runs on. */
export interface Session {
  machine: MachineContext;
  disk: NodeDisk;
  identity: NodeIdentity;
  lab: LabServices;
  /** The control plane, while this machine has one. */
  server(): ServerNode | undefined;
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
