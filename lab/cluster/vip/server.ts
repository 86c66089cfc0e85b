/**
 * https://VIP: what the holder of the virtual address serves.
 */
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { VipContext } from "./context";
import { dispatch, Exchange } from "./exchange";
import { healthRoutes } from "./health";
import { joinRoutes } from "./join";
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
      ...proxyRoutes(context),
      ...joinRoutes(context),
    ];
    this.#server = https.createServer(
      { cert: certificate.cert + certificate.ca, key: certificate.key },
      (request, response) => void dispatch(routes, new Exchange(request, response)),
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
