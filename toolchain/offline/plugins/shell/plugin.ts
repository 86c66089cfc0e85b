/** What a stand-in plugin is: the subset of the provider protocol that the stand-ins need, as plain functions. */
import type { Value, Values } from "./values";

/** How a message is shown: `status` is the live text in a resource's row, the others are kept. */
export type Severity = "status" | "info" | "warning" | "error";

/** What every operation on a resource gets. */
export interface Operation {
  urn: string;
  /** Type token, e.g. `kubernetes:core/v1:Namespace`. */
  type: string;
  /** The resource's name in the program. */
  name: string;
  /** Aborted when the engine cancels. */
  signal: AbortSignal;
  log(severity: Severity, message: string): void;
}

/** Answer to a check: the inputs as they will be stored, and what is wrong with them. */
export interface Checked {
  inputs: Values;
  failures?: { property: string; reason: string }[];
}

/** How one property changes. */
export type ChangeKind = "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

/** Answer to a diff. */
export interface Difference {
  /** Property path -> how it changes. Empty: nothing changes. */
  changes: Record<string, ChangeKind>;
  deleteBeforeReplace?: boolean;
}

/** A resource's id and outputs. */
export interface Created {
  id: string;
  properties: Values;
}

/** Answer to a read: undefined when the resource is gone. */
export type ReadResult = (Created & { inputs: Values }) | undefined;

/** A plugin. Secrets in values are marked (see values.ts); unknown values are the engine's marker string. */
export interface Plugin {
  name: string;
  version: string;
  /** For a parameterised plugin: the package it becomes. */
  parameterize?(value: string): { name: string; version: string };
  configure(config: Values): Promise<void> | void;
  /** What a changed configuration changes; without this it is an update. A replacement replaces all resources, too. */
  diffConfig?(request: { olds: Values; news: Values }): Promise<Difference>;
  check(request: Operation & { olds: Values; news: Values; randomSeed: Buffer }): Promise<Checked> | Checked;
  diff(
    request: Operation & { id: string; olds: Values; oldInputs: Values; news: Values },
  ): Promise<Difference> | Difference;
  create(request: Operation & { inputs: Values; timeout: number; preview: boolean }): Promise<Created>;
  read(request: Operation & { id: string; properties: Values; inputs: Values }): Promise<ReadResult>;
  update(
    request: Operation & { id: string; olds: Values; news: Values; timeout: number; preview: boolean },
  ): Promise<Values>;
  delete(request: Operation & { id: string; properties: Values; timeout: number }): Promise<void>;
}

/** The resource exists but is not as it should be: the engine stores it, reports the reason, and updates it next time. */
export class InitializationFailed extends Error {
  constructor(
    readonly id: string,
    readonly properties: Values,
    reason: string,
  ) {
    super(reason);
  }
}

/** Whether a value is an object and neither a list nor nothing. */
export function isObject(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
