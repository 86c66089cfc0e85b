import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** The /24 of loopback that the committed lab stack names. */
export const DEFAULT_NET = "127.77.0";

/** Ports of the lab; high, so that nothing needs root and nothing collides with a service on all addresses. */
export const PORTS = {
  artifacts: 17080,
  vip: 17443,
  bmc: 17000,
  ssh: 17022,
} as const;

/** Address of the site's own services (artifacts) in a net. */
export function siteAddress(net: string): string {
  return `${net}.1`;
}

/** Address that the site keeps free for the cluster's VIP. */
export function vipAddress(net: string): string {
  return `${net}.10`;
}

/** Throws unless the text is the first three numbers of a /24 of loopback. */
export function checkNet(net: string): void {
  const octets = net.split(".").map(Number);
  const valid =
    octets.length === 3 &&
    octets[0] === 127 &&
    octets.every((o) => Number.isInteger(o) && o >= 0 && o <= 255);
  if (!valid || net === "127.0.0") {
    throw new Error(
      `lab: net "${net}" is not usable: it must be three numbers 127.a.b (not 127.0.0), the start of a /24 of loopback that the lab has for itself, such as ${DEFAULT_NET}`,
    );
  }
}

/** Throws an error that says what to do when something else listens on an address and port the lab needs. */
export async function checkPortFree(address: string, port: number, purpose: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? `is taken by another program. See who with "ss -ltnp 'sport = :${port}'", end it, or start the lab on another net (--net 127.78.0)`
          : `cannot be used (${error.code ?? error.message}). The lab needs the whole of 127.0.0.0/8 on the loopback interface`;
      reject(new Error(`lab: ${address} port ${port}, wanted for ${purpose}, ${why}`));
    });
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** A /24 of loopback on which no lab runs; for tests, each of which has a site of its own. */
export async function findFreeNet(): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const net = `127.${randomInt(100, 250)}.${randomInt(1, 250)}`;
    try {
      await checkPortFree(siteAddress(net), PORTS.artifacts, "artifacts");
      return net;
    } catch {
      // Another test has it.
    }
  }
  throw new Error(
    "lab: found no free /24 of loopback in 50 attempts; are labs of earlier runs still up? (npm run lab -- status)",
  );
}
