/** A second address of a service: until it is given up, what connects there is passed on, byte by byte. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** An address that a service answers at besides its own. */
export interface SecondAddress {
  /** Gives it up: open connections end, and nobody listens there any more. */
  close(): Promise<void>;
}

/** Has a service answer at another port of its host as well. */
export async function secondAddress(host: string, port: number, another: number): Promise<SecondAddress> {
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(port, host);
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(another, host);
  await once(server, "listening");
  return {
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
