/** Whether an SSH server greets: the least that a living operating system does, and nobody logs in for it. */
import { connect } from "node:net";

/** Whether the server says `SSH-` within the deadline [RFC 4253, 4.2]. */
export function greetsBySsh(host: string, port: number, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), deadlineMs);
    socket.on("error", () => end(false));
    socket.on("end", () => end(false));
    socket.once("data", (greeting) => end(greeting.subarray(0, 4).toString("latin1") === "SSH-"));
  });
}
