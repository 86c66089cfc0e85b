import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { WrongPowerState } from "./machine/machine";

/** A route's answer: JSON, or nothing. */
export type ControlHandler = (body: Record<string, unknown>, path: string[]) => Promise<unknown> | unknown;

/** Routes by `METHOD /first`, where `first` is the first part of the path; the other parts are handed on. */
export type ControlRoutes = Record<string, ControlHandler>;

/** A request of the control socket cannot be met. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly messageId = "GeneralError",
  ) {
    super(message);
  }
}

/** Longest path of a unix socket that every operating system takes. */
const LONGEST_SOCKET_PATH = 100;

/** Serves HTTP on a unix socket that only this user can open: the BMC process and the command line talk to the lab here. */
export async function startControl(socket: string, routes: ControlRoutes): Promise<Server> {
  if (socket.length > LONGEST_SOCKET_PATH) {
    throw new Error(
      `lab: the folder's path is too long for a unix socket (${socket}, ${socket.length} of at most ${LONGEST_SOCKET_PATH} characters); choose a shorter one with --dir`,
    );
  }
  rmSync(socket, { force: true });
  const server = createServer((request, response) => {
    void answer(request, routes).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body ?? {}));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  return server;
}

async function answer(
  request: IncomingMessage,
  routes: ControlRoutes,
): Promise<{ status: number; body: unknown }> {
  try {
    const [first, ...rest] = new URL(request.url ?? "/", "http://lab").pathname.slice(1).split("/");
    const route = routes[`${request.method} /${first}`];
    if (route === undefined) throw new ControlError(404, `the lab has no ${request.method} ${request.url}`);
    return { status: 200, body: await route(await readBody(request), rest) };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof WrongPowerState)
      return { status: 409, body: { message, messageId: "ResourceInUse" } };
    if (error instanceof ControlError)
      return { status: error.status, body: { message, messageId: error.messageId } };
    return { status: 500, body: { message, messageId: "InternalError" } };
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}
