/** What answers at a VIP, from outside: without a login, and without an idea of who it should be. */
import { accessUrlOf, type ClusterDescription } from "../../model/description";
import { greet } from "../harvester/client";
import { NoAnswer } from "../net/http";
import { pause } from "../net/retry";

/** What was seen. `what` says it to people. */
export type Sighting =
  | { kind: "silent"; what: string }
  /** Something holds the address, and cannot say just now who it is: it cuts connections, or its Rancher does not answer. */
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
    // While it starts, Harvester's ingress answers before Rancher does.
    if (!pong && (status < 502 || status > 504)) {
      return { kind: "stranger", what: `${url} answers with HTTP ${status}, not as Harvester does` };
    }
    const what = pong ? `Harvester at ${url}` : `${url} is starting (HTTP ${status})`;
    // Without an authority there is nothing yet to tell it by.
    return ca === undefined ? { kind: "unclear", what } : { kind: "harvester", what, ca };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const what = `${url}: ${error.message}`;
    if (error.silence === "reset") return { kind: "unclear", what };
    return SILENT.has(error.silence) ? { kind: "silent", what } : { kind: "stranger", what };
  }
}

const SILENT: ReadonlySet<string> = new Set(["refused", "unreachable", "timeout", "name"]);
