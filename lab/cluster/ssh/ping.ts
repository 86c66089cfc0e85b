/**
 * ping, as far as scripts use it: one machine asks whether another one's operating system is up. ICMP needs rights that the lab does not have,
 * and loopback answers for every address; an operating system of the lab answers where its SSH server does.
 */
import { connect } from "node:net";
import { failed, ok, type Program } from "./program";

/** `ping [-c n] [-W seconds] <address>`: 0 where it answers, 1 where it does not, 2 without an address [iputils ping(8)]. */
export const ping: Program = async (session, args) => {
  const address = args.find((arg, at) => !arg.startsWith("-") && !/^-[cWwi]$/.test(args[at - 1] ?? ""));
  if (address === undefined) return failed(2, "ping: usage error: Destination address required");
  const seconds = Number(args[args.indexOf("-W") + 1] ?? 10) || 10;
  const target = { host: address, port: session.lab.sshPort, localAddress: session.machine.address };
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(target);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(seconds * 1000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
  const received = answers ? 1 : 0;
  return {
    ...ok(`1 packets transmitted, ${received} received, ${answers ? 0 : 100}% packet loss\n`),
    code: answers ? 0 : 1,
  };
};
