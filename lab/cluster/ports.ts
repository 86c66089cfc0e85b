/**
 * The ports of a machine's control plane. A real node uses 2379, 2380 and 6443; the lab takes free ones once and remembers them on the
 * machine's disk, so that nothing on this host can be in their way.
 */
import { createServer } from "node:net";
import { type NodeDisk, PATHS } from "./disk";

/** Ports on the machine's own address. */
export interface ControlPlanePorts {
  etcdClient: number;
  etcdPeer: number;
  apiServer: number;
}

/** The machine's ports, chosen at the first call. */
export async function controlPlanePorts(disk: NodeDisk, address: string): Promise<ControlPlanePorts> {
  const text = await disk.keep(PATHS.ports, async () => {
    const [etcdClient, etcdPeer, apiServer] = await freePorts(address, 3);
    return JSON.stringify({ etcdClient, etcdPeer, apiServer });
  });
  return JSON.parse(text) as ControlPlanePorts;
}

async function freePorts(address: string, count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, address, resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
