/**
 * What a resource of the `metal` provider is. The shell speaks the engine's protocol; a resource sees plain values,
 * a context to report through, and nothing of gRPC.
 */
import type { RunFacts } from "./run";

/** Stands for a value that the engine does not know yet (only ever during a preview). */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** Property values as plain JavaScript: unknown values are `UNKNOWN`, secrets are unwrapped. */
export type Properties = Record<string, unknown>;

/** Whether the value itself is not known yet. */
export function isUnknown(value: unknown): value is typeof UNKNOWN {
  return value === UNKNOWN;
}

/** Whether anything in the value, at any depth, is not known yet. */
export function containsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  if (value !== null && typeof value === "object") return Object.values(value).some(containsUnknown);
  return false;
}

/** One wrong input: the property's path (`disks.install.device`, `members[2].role`) and what is wrong with it. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** One difference, shown under the resource in the preview. Never a replacement: nothing is ever replaced. */
export interface PropertyChange {
  /** Path of the property, as in `CheckFailure`. */
  path: string;
  kind: "add" | "update" | "delete";
  /** Whether the path is one of the inputs (then the engine shows old and new value by itself). @default true */
  inputDiff?: boolean;
}

/** Everything an operation may need besides its properties. */
export interface OperationContext {
  /** URN of the resource. Empty only in an import by `pulumi import`, where the engine gives none. */
  urn: string;
  /** Whether this is a preview: nothing may be changed anywhere (P7). Always true in `check` and `diff`. */
  preview: boolean;
  /** Aborted by Cancel (Ctrl-C), by the engine's death, or at the deadline; its reason is an error to show. */
  signal: AbortSignal;
  /** When the operation has to be over: from `customTimeouts`, else the resource's default. */
  deadline: Date;
  /** What has happened in this process so far, shared by all resources. */
  facts: RunFacts;
  /** Shows a message live in the resource's row. */
  status(message: string): void;
  /** Keeps a message in the diagnostics of this run. */
  info(message: string): void;
  /** As `info`, but as a warning. */
  warn(message: string): void;
}

/** A resource as it was stored, before an update or a deletion. */
export interface StoredResource {
  id: string;
  oldInputs: Properties;
  oldOutputs: Properties;
}

/** One resource type of the provider. Objects are stateless between operations but for what they keep in `facts`. */
export interface Resource {
  /** Type token: `metal:index:Machine`. */
  readonly token: string;
  /** Deadline of create, update, read and delete when the program gives no `customTimeouts`. @default 300 */
  readonly defaultTimeoutSeconds?: number;
  /** Names of outputs that are always stored as secrets. */
  readonly secretOutputs?: readonly string[];
  /** Validates inputs and fills defaults. Unknown values stay `UNKNOWN`. A thrown error fails the preview, too. */
  check(
    ctx: OperationContext,
    args: { olds: Properties | undefined; news: Properties },
  ): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  /** Says what would change. An empty list means no update. Inputs named in `ignoreChanges` are already the old ones. */
  diff(
    ctx: OperationContext,
    args: StoredResource & { news: Properties },
  ): Promise<{ changes: PropertyChange[] }>;
  /** Creates, or looks first and adopts. In a preview: outputs as far as they are known, `UNKNOWN` for the others. */
  create(ctx: OperationContext, inputs: Properties): Promise<{ id: string; outputs: Properties }>;
  /** Looks. `undefined` = gone for certain (never merely silent). `inputs` undefined = an import by id. */
  read(
    ctx: OperationContext,
    args: { id: string; inputs: Properties | undefined; outputs: Properties | undefined },
  ): Promise<{ id: string; inputs: Properties; outputs: Properties } | undefined>;
  /** Drives to the wanted state. In a preview: outputs as far as they are known. */
  update(
    ctx: OperationContext,
    args: StoredResource & { news: Properties },
  ): Promise<{ outputs: Properties }>;
  /** Forgets or removes. A thrown error keeps the resource in the state. */
  delete(ctx: OperationContext, args: StoredResource): Promise<void>;
}

/**
 * Thrown by create, update or read when side effects have begun and the end was not reached: the engine keeps the
 * resource with these outputs as "initialised with errors", and the next `up` goes on through `update`.
 */
export class InitialisationFailed extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly reasons: string[],
  ) {
    super(reasons.join("; "));
    this.name = "InitialisationFailed";
  }
}

export { UserError } from "./errors";
