/** Where the provider may connect to: the paths that a real site has, and nothing else. No etcd, no kubelet, no API server but the VIP's. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Environment by which a run of pulumi writes down where its provider connects to. */
export function recordingConnections(file: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--require ${join(__dirname, "connections.cjs")}`,
    PROVIDER_CONNECTIONS: file,
  };
}

/** Addresses that the provider connected to, each once. */
export function connectionsIn(file: string): string[] {
  if (!existsSync(file)) return [];
  return [...new Set(readFileSync(file, "utf8").split("\n").filter(Boolean))];
}

/** Port at which a BMC answers besides its own, in a test that has it move. */
export const SECOND_BMC_PORT = 17001;

/** Those that are none of the engine, the BMCs, the VIP and the nodes' SSH servers of a lab in this net. */
export function forbidden(connections: readonly string[], lab: string): string[] {
  const net = lab.replaceAll(".", "\\.");
  const allowed = [
    // The engine calls the provider, and is called back, on the loopback address itself.
    /^127\.0\.0\.1:\d+$/,
    new RegExp(`^${net}\\.10\\d:(17000|${SECOND_BMC_PORT})$`),
    new RegExp(`^${net}\\.10:17443$`),
    new RegExp(`^${net}\\.1\\d:17022$`),
  ];
  return connections.filter((address) => !allowed.some((pattern) => pattern.test(address)));
}
