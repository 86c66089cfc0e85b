/** What a stack's state knows of its cluster: how to reach it, and who should be there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ClusterDescription } from "../../model/description";
import type { ClusterIdentity } from "../../provider/resources/cluster";
import type { Engine } from "../engine";
import { NoCluster } from "./no-cluster";

/** A stack, read from its state. Holds secrets: it stays in this process's memory. */
export interface StackState {
  description: ClusterDescription;
  identity: ClusterIdentity;
  /** Fingerprint of the cluster's authority, if it was recorded. */
  caFingerprint: string | undefined;
  /** Public SSH host keys by node key. */
  hostKeys: Record<string, string>;
}

interface Exported {
  deployment: { resources?: { type: string; inputs?: object; outputs?: Record<string, unknown> }[] };
}

/** Reads the state. Throws `NoCluster` where there is none yet. */
export async function readState(engine: Engine): Promise<StackState> {
  const run = promisify(execFile);
  const args = ["stack", "export", "--show-secrets", "--stack", engine.stack];
  const { stdout } = await run(engine.path, args, { ...engine, maxBuffer: 1 << 30 }).catch((error) => {
    const reason = String(error.stderr ?? error).trim();
    if (NO_STACK.test(reason)) throw new NoCluster(engine.stack, { initialised: false });
    throw new Error(`The state of stack ${engine.stack} cannot be read: ${reason}`);
  });
  const resources = ((plain(JSON.parse(stdout)) as Exported).deployment.resources ?? []).map((resource) => ({
    type: resource.type,
    inputs: { ...resource.inputs } as Record<string, unknown>,
    outputs: { ...resource.outputs },
  }));
  const ofType = (type: string) => resources.filter((resource) => resource.type === `metal:index:${type}`);
  const [plan, cluster, membership] = [ofType("Plan")[0], ofType("Cluster")[0], ofType("Membership")[0]];
  if (plan === undefined || cluster === undefined) {
    throw new NoCluster(engine.stack, { initialised: true });
  }
  const { incarnation, creator, seed } = cluster.outputs;
  return {
    description: plan.inputs.cluster as ClusterDescription,
    identity: { incarnation, creator, seed } as ClusterIdentity,
    caFingerprint: membership?.outputs.caFingerprint as string | undefined,
    hostKeys: Object.fromEntries(
      ofType("Machine").map(({ inputs, outputs }) => [String(inputs.key), String(outputs.sshHostKey)]),
    ),
  };
}

/** What the engine says of a stack that was never initialised (pulumi pkg/backend/backenderr). */
const NO_STACK = /no stack named/;

/** The engine's mark of a decrypted secret (sdk/go/common/resource/sig). */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** A secret in an export with `--show-secrets` is an object that holds its value as JSON. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const { plaintext } = value as { plaintext?: string };
  if (SECRET_MARK in value && typeof plaintext === "string") return plain(JSON.parse(plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
