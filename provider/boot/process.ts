/**
 * The boot server's own process: it faces the network and holds no secret but the URLs it serves. Whatever a machine
 * asks for is asked of the provider, which decides. It ends when the provider does.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FromServer, InstallerEvent, RouteEntry, ToServer } from "./messages";

/** A report of the installer is a few hundred bytes. */
const LONGEST_REPORT = 16 * 1024;

/** Whoever is not waited for boots from its own disk. */
const DISK_BOOT = "#!ipxe\necho This machine is not waiting for an installation: booting from disk\nexit\n";

const EVENTS: ReadonlySet<string> = new Set(["STARTED", "SUCCEEDED", "FAILED"]);

let routes: RouteEntry[] = [];
let lastQuestion = 0;
const waiting = new Map<number, { decided(body: string | undefined): void; undecided(): void }>();

/** The provider could not decide just now. */
class Undecided extends Error {}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (error instanceof Undecided) reply(response, 503, "not now\n");
    else response.destroy();
  });
});

server.on("error", (error: NodeJS.ErrnoException) => {
  tell({ type: "failed", code: error.code ?? "", message: error.message });
});

process.on("message", (message: ToServer) => {
  switch (message.type) {
    case "listen":
      routes = message.routes;
      server.listen(message.port, message.address, () => tell({ type: "listening" }));
      break;
    case "routes":
      routes = message.routes;
      break;
    case "answer":
      if (message.undecided) waiting.get(message.question)?.undecided();
      else waiting.get(message.question)?.decided(message.body);
      waiting.delete(message.question);
  }
});

// The provider is gone, in whatever way: nothing is served without it.
process.on("disconnect", () => process.exit(0));
// An interrupt from the keyboard reaches the whole process group; it is the provider's to decide what it means.
process.on("SIGINT", () => undefined);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, token = "", ...rest] = new URL(request.url ?? "/", "http://boot").pathname.split("/");
  const what = rest.join("/");
  const route = routes.find((candidate) => equal(candidate.token, token));
  if (route === undefined) return turnAway(what, response);
  const from = request.socket.remoteAddress ?? "";
  if (request.method === "GET" && what === "ipxe.efi") return passOn(route.ipxeUrl, response);
  if (request.method === "GET" && what === "autoexec.ipxe") {
    const script = await ask((question) => ({ type: "question", question, token, wanted: "script", from }));
    return reply(response, 200, script ?? DISK_BOOT);
  }
  if (request.method === "GET" && what === "config.yaml") {
    const text = await ask((question) => ({
      type: "question",
      question,
      token,
      wanted: "configuration",
      from,
    }));
    return text === undefined ? reply(response, 410, "gone\n") : reply(response, 200, text);
  }
  const event = what.startsWith("events/") ? what.slice("events/".length) : "";
  if (request.method === "POST" && EVENTS.has(event)) {
    const detail = await bodyOf(request);
    await ask((question) => ({
      type: "event",
      question,
      token,
      event: event as InstallerEvent,
      detail,
      from,
    }));
    return reply(response, 204, "");
  }
  reply(response, 404, "not found\n");
}

/**
 * A stranger's firmware is told to boot from disk. An installer is not answered with a script, which it would take for its
 * configuration: it is told that there is none, and asks again.
 */
function turnAway(what: string, response: ServerResponse): void {
  if (what === "" || what.endsWith(".ipxe")) reply(response, 200, DISK_BOOT);
  else reply(response, 404, "not found\n");
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/plain", "cache-control": "no-store" });
  response.end(body);
}

/** The iPXE binary, from where the release's artifacts lie. */
async function passOn(url: string, response: ServerResponse): Promise<void> {
  const upstream = await fetch(url).catch(() => undefined);
  if (upstream?.body == null || !upstream.ok) {
    return reply(response, 502, `the iPXE binary cannot be had from ${url}\n`);
  }
  const length = upstream.headers.get("content-length");
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    ...(length === null ? {} : { "content-length": length }),
  });
  await pipeline(Readable.fromWeb(upstream.body as Parameters<typeof Readable.fromWeb>[0]), response);
}

function ask(message: (question: number) => FromServer): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const question = ++lastQuestion;
    waiting.set(question, { decided: resolve, undecided: () => reject(new Undecided()) });
    tell(message(question));
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_REPORT) throw new Error("too long");
  }
  return text;
}

/** In constant time, whatever their lengths. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function tell(message: FromServer): void {
  process.send?.(message);
}
