/** Property values on the wire and in JavaScript: unknowns, secrets, everything else. */
import { UserError } from "./errors";
import { formatPath, type Path, valueAt, withValueAt } from "./paths";
import { isUnknown, type Properties, UNKNOWN } from "./resource";
import { secrets } from "./secrets";

// The signatures of the engine's wire format (sdk/nodejs/runtime/rpc.ts). Taken literally, because importing the
// runtime would load the whole SDK.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const UNKNOWN_ON_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A JSON value as it stands in a protobuf `Struct`. */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** Received properties, and where in them the secrets are. */
export interface Received {
  properties: Properties;
  secretPaths: Path[];
}

/** Unwraps received properties. Their secrets are hidden from everything this process shows from now on. */
export function receive(wire: Record<string, Wire> | undefined): Received {
  const secretPaths: Path[] = [];
  const unwrap = (value: Wire, path: Path): unknown => {
    if (value === UNKNOWN_ON_WIRE) return UNKNOWN;
    if (Array.isArray(value)) return value.map((v, i) => unwrap(v, [...path, i]));
    if (value === null || typeof value !== "object") return value;
    switch (value[SIGNATURE]) {
      case undefined:
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unwrap(v, [...path, k])]));
      case SECRET: {
        secretPaths.push(path);
        const secret = unwrap(value.value ?? null, path);
        secrets.add(secret);
        return secret;
      }
      case OUTPUT: {
        if (value.secret === true) secretPaths.push(path);
        const inner = value.value === undefined ? UNKNOWN : unwrap(value.value, path);
        if (value.secret === true) secrets.add(inner);
        return inner;
      }
      case RESOURCE:
        return unwrap(value.id || value.urn || null, path);
      default:
        throw new UserError(`${formatPath(path)}: assets and archives are no valid values here.`);
    }
  };
  return { properties: unwrap(wire ?? {}, []) as Properties, secretPaths };
}

/** What of the properties to wrap as secret before they leave. */
export interface Wrapping {
  /** Values at these paths, where they exist. */
  secretPaths?: readonly Path[];
  /** Also every string that contains a secret seen in this process, wherever it stands. @default true */
  guard?: boolean;
}

/** Wraps properties for the wire. */
export function send(
  properties: Properties,
  { secretPaths = [], guard = true }: Wrapping = {},
): Record<string, Wire> {
  const wrap = (value: unknown, hidden: boolean): Wire => {
    if (isUnknown(value)) return UNKNOWN_ON_WIRE;
    if (value === undefined || value === null) return null;
    if (value instanceof Secret) {
      const inner = wrap(value.value, true);
      return hidden ? inner : { [SIGNATURE]: SECRET, value: inner };
    }
    if (value instanceof Date) return value.toISOString();
    if (Array.isArray(value)) return value.map((v) => wrap(v, hidden));
    if (typeof value === "object") {
      const present = Object.entries(value).filter(([, v]) => v !== undefined);
      return Object.fromEntries(present.map(([k, v]) => [k, wrap(v, hidden)]));
    }
    if (typeof value === "string" && guard && !hidden && secrets.reveals(value)) {
      return { [SIGNATURE]: SECRET, value };
    }
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
    throw new TypeError(`a ${typeof value} cannot be stored as a property`);
  };
  let marked = properties;
  // Deepest first: once a value is marked as a whole, paths below it lead nowhere.
  for (const path of [...secretPaths].sort((a, b) => b.length - a.length)) {
    const value = valueAt(marked, path);
    if (value === undefined || value === null || value instanceof Secret) continue;
    marked = withValueAt(marked, path, new Secret(value));
  }
  return wrap(marked, false) as Record<string, Wire>;
}

/** Marks a value that is to be wrapped. */
class Secret {
  constructor(readonly value: unknown) {}
}
