/** Which address of this machine a server sees: the one that machines in its network will reach, too. */
import { connect } from "node:net";

const CONNECT_MS = 5000;

/** The address that connections to a URL come from. Throws where none comes about. */
export function localAddressTo(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: CONNECT_MS });
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.once("connect", () => {
      const { localAddress = "" } = socket;
      end(() => resolve(localAddress));
    });
    socket.once("timeout", () => end(() => reject(new Error(`${url} does not answer.`))));
    socket.once("error", (error) => end(() => reject(error)));
  });
}
