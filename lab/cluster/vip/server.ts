/**
 * https://VIP: what the holder of the virtual address serves.
 */
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { SITE } from "../../faults/board";
import type { VipContext } from "./context";
import { dispatch, Exchange, type Route } from "./exchange";
import { healthRoutes } from "./health";
import { joinRoutes } from "./join";
import { nodeActionRoutes } from "./node-actions";
import { proxyRoutes } from "./proxy";
import { rancherRoutes } from "./rancher";

/** The HTTPS server on the VIP, for as long as a node holds it. */
export class VipServer {
  readonly #server: https.Server;
  readonly #sockets = new Set<Duplex>();

  constructor(context: VipContext, certificate: { cert: string; key: string; ca: string }) {
    const routes = [
      ...healthRoutes(context),
      ...rancherRoutes(context),
      ...nodeActionRoutes(context),
      ...proxyRoutes(context),
      ...joinRoutes(context),
    ];
    this.#server = https.createServer(
      { cert: certificate.cert + certificate.ca, key: certificate.key },
      (request, response) => void troubled(context, routes, new Exchange(request, response)),
    );
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (_request, socket) => {
      socket.end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\n\r\n");
    });
  }

  /** Listens on the VIP; port 0 takes a free one. */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops at once; open connections are cut, as when the address moves away. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Answers a request, with what is wrong with the API on purpose. */
async function troubled({ faults }: VipContext, routes: Route[], exchange: Exchange): Promise<void> {
  const slow = faults.active(SITE, "api-slow");
  if (slow) await delay(Number(slow[0] ?? 2000));
  const flapping = faults.active(SITE, "api-flapping");
  const away = flapping && Math.floor(Date.now() / Number(flapping[0] ?? 3000)) % 2 === 0;
  if (away || faults.active(SITE, "api-unavailable")) return exchange.replyText(503, "no available server");
  await dispatch(routes, exchange);
}
