/** What answers at a VIP, from outside: without a login, and without an idea of who it should be. */
import { accessUrlOf, type ClusterDescription } from "../../model/description";
import { greet } from "../harvester/client";
import { NoAnswer } from "../net/http";
import { pause } from "../net/retry";

/** What was seen. `what` says it to people. */
export type Sighting =
  | { kind: "silent"; what: string }
  /** Something accepts connections and cuts them: it holds the address, and says no more. */
  | { kind: "unclear"; what: string }
  /** Something that is not Harvester. */
  | { kind: "stranger"; what: string }
  | { kind: "harvester"; what: string; ca: string };

/** A VIP that moves to another node is silent for a moment; only several looks in a row count as silence. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 1000;

/** Looks several times, until something answers. */
export async function sightCluster(
  cluster: Pick<ClusterDescription, "vip" | "access">,
  signal: AbortSignal,
): Promise<Sighting> {
  for (let look = 1; ; look++) {
    const sighting = await glimpseCluster(cluster, signal);
    if (sighting.kind !== "silent" || look === LOOKS) return sighting;
    await pause(BETWEEN_LOOKS_MS, signal);
  }
}

/** Looks once. */
export async function glimpseCluster(
  cluster: Pick<ClusterDescription, "vip" | "access">,
  signal: AbortSignal,
): Promise<Sighting> {
  const url = accessUrlOf(cluster);
  try {
    const { pong, status, ca } = await greet(url, signal);
    if (pong) return { kind: "harvester", what: `Harvester at ${url}`, ca };
    // While it starts, Harvester's ingress answers before Rancher does.
    if (status >= 502 && status <= 504)
      return { kind: "harvester", what: `${url} is starting (HTTP ${status})`, ca };
    return { kind: "stranger", what: `${url} answers with HTTP ${status}, not as Harvester does` };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const what = `${url}: ${error.message}`;
    if (error.silence === "reset") return { kind: "unclear", what };
    return SILENT.has(error.silence) ? { kind: "silent", what } : { kind: "stranger", what };
  }
}

const SILENT: ReadonlySet<string> = new Set(["refused", "unreachable", "timeout", "name"]);
