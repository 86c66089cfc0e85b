/**
 * Talks to one BMC: one login, one place where every write passes, and answers that survive a BMC's bad moments.
 *
 * BMCs are small computers: they restart, refuse connections while they do, answer 503 when busy, and have room for only
 * a handful of sessions. Reads are repeated; a write is repeated only when it is known not to have taken effect.
 */
import type { BmcDescription } from "../../model/description";
import { type HttpAnswer, type HttpRequest, HttpServer, NoAnswer } from "../net/http";
import { backOff, pause } from "../net/retry";
import { UserError } from "../shell/errors";
import { atShutdown } from "../shell/shutdown";
import { BmcError, credentialsError, neverArrived, noAnswerError, refusedError } from "./errors";

/** A JSON object of a BMC. */
export type Json = Record<string, unknown>;

/** One write, as it is recorded. */
export interface BmcWrite {
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  /** What was asked for. Sessions, whose body is a password, are not writes to the machine and not recorded. */
  body: Json;
  /** HTTP status, or `undefined` if no answer came. */
  status: number | undefined;
}

/** How long things may take. The defaults suit real BMCs; tests shorten them. */
export interface BmcTiming {
  /** One request. @default 30000 */
  requestMs?: number;
  /** All attempts of one read or write. @default 120000 */
  attemptsMs?: number;
  /** Delay before the first repetition. @default 500 */
  firstDelayMs?: number;
}

/** How to talk to a BMC. */
export interface BmcOptions {
  bmc: BmcDescription;
  /** In a preview every write is refused here, whatever the caller thinks (P7). */
  readOnly: boolean;
  signal?: AbortSignal;
  /** Told of every write. */
  onWrite?: (write: BmcWrite) => void;
  timing?: BmcTiming;
}

/** What `write` needs to know. */
export interface WriteRequest {
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  body: Json;
  /** Looks whether the write has taken effect. Without it a write that got no answer is never repeated. */
  applied?: () => Promise<boolean>;
  headers?: Record<string, string>;
}

type Login = { kind: "session"; token: string; location: string | undefined } | { kind: "basic" };

const SESSIONS = "/redfish/v1/SessionService/Sessions";
const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A connection to one BMC. Close it: sessions are scarce. */
export class BmcClient {
  readonly endpoint: string;
  readonly #options: BmcOptions;
  readonly #server: HttpServer;
  readonly #timing: Required<BmcTiming>;
  readonly #forget: () => void;
  #login: Promise<Login> | undefined;

  constructor(options: BmcOptions) {
    const { endpoint, tls } = options.bmc;
    this.endpoint = endpoint.replace(/\/+$/, "");
    if (!this.endpoint.startsWith("https://") && !tls?.insecure) {
      throw new BmcError(
        "untrusted",
        this.endpoint,
        "is not reached by https, so its password would be sent in clear. Use https in bmc.endpoint, or set bmc.tls.insecure for this one endpoint.",
      );
    }
    this.#options = options;
    this.#server = new HttpServer(this.endpoint, tls ?? {});
    this.#timing = { requestMs: 30_000, attemptsMs: 120_000, firstDelayMs: 500, ...options.timing };
    this.#forget = atShutdown(`session at ${this.endpoint}`, () => this.close());
  }

  /** Reads a resource. `undefined` = the BMC says there is none (404). */
  async get(path: string): Promise<{ body: Json; etag: string | undefined } | undefined> {
    const answer = await this.#persistently((tries) => this.#authorised({ method: "GET", path }, tries));
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw refusedError(this.endpoint, "GET", path, answer.status, answer.body);
    return { body: this.#parse(path, answer.body), etag: answer.headers.etag };
  }

  /** Reads a resource that has to be there. */
  async need(path: string): Promise<Json> {
    const answer = await this.get(path);
    if (answer) return answer.body;
    throw new BmcError("unsupported", this.endpoint, `has no ${path}.`);
  }

  /** Writes, once: repeats only what is known not to have taken effect. Every write to any BMC passes here. */
  async write(request: WriteRequest): Promise<void> {
    const { method, path, body, applied, headers } = request;
    if (this.#options.readOnly) {
      throw new UserError(
        `The BMC ${this.endpoint} would have been written to in a preview (${method} ${path}). Nothing was sent; please report this.`,
      );
    }
    const message = { method, path, headers, body: JSON.stringify(body) };
    const begun = Date.now();
    for (let tries = 1; ; tries++) {
      let failure: BmcError;
      let untouched: boolean;
      try {
        const answer = await this.#authorised(message, tries);
        this.#options.onWrite?.({ method, path, body, status: answer.status });
        if (answer.status < 300) return;
        failure = refusedError(this.endpoint, method, path, answer.status, answer.body);
        untouched = answer.status === 429 || answer.status === 503;
        if (!BUSY.has(answer.status)) throw failure;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        this.#options.onWrite?.({ method, path, body, status: undefined });
        failure = noAnswerError(this.endpoint, error, tries);
        if (failure.problem === "untrusted") throw failure;
        untouched = neverArrived(error.silence);
      }
      if (Date.now() - begun > this.#timing.attemptsMs) throw failure;
      await pause(backOff(tries - 1, this.#timing.firstDelayMs, 8000), this.#options.signal);
      // What was refused was not done: to ask whether it was would only be one more question to a busy BMC.
      if (untouched) continue;
      if (applied) {
        if (await applied()) return;
      } else {
        throw new BmcError(
          "unclear",
          this.endpoint,
          `did not confirm ${method} ${path}; whether it took effect is not known, so it was not repeated. Run the same command again: it looks first.`,
          { cause: failure },
        );
      }
    }
  }

  /** Logs out and ends the connections. */
  async close(): Promise<void> {
    this.#forget();
    const login = await this.#login?.catch(() => undefined);
    this.#login = undefined;
    if (login?.kind === "session" && login.location) {
      await this.#server
        .send({
          method: "DELETE",
          path: login.location,
          headers: { "x-auth-token": login.token },
          timeoutMs: Math.min(this.#timing.requestMs, 5000),
        })
        // The session ends by itself some time; nothing depends on its end.
        .catch(() => undefined);
    }
    this.#server.close();
  }

  /** Sends a request with the login, with a new session if the old one has ended. Throws `NoAnswer`. */
  async #authorised(request: Omit<HttpRequest, "timeoutMs" | "signal">, tries: number): Promise<HttpAnswer> {
    const send = async (login: Login) =>
      this.#send({ ...request, headers: { ...this.#headers(login), ...request.headers } });
    const login = await this.#loggedIn(tries);
    const answer = await send(login);
    if (answer.status !== 401) return answer;
    const { user } = this.#options.bmc;
    if (login.kind === "basic") throw credentialsError(this.endpoint, user, answer.status);
    this.#login = undefined;
    const again = await send(await this.#loggedIn(tries));
    if (again.status === 401) throw credentialsError(this.endpoint, user, again.status);
    return again;
  }

  #headers(login: Login): Record<string, string> {
    const { user, password } = this.#options.bmc;
    return {
      accept: "application/json",
      "content-type": "application/json",
      "odata-version": "4.0",
      ...(login.kind === "session"
        ? { "x-auth-token": login.token }
        : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }),
    };
  }

  #loggedIn(tries: number): Promise<Login> {
    this.#login ??= this.#logIn(tries).catch((error) => {
      this.#login = undefined;
      throw error;
    });
    return this.#login;
  }

  /** Opens a session; where there are none (or none free), every request carries the password instead. */
  async #logIn(tries: number): Promise<Login> {
    const { user, password } = this.#options.bmc;
    const answer = await this.#send({
      method: "POST",
      path: SESSIONS,
      headers: { accept: "application/json", "content-type": "application/json", "odata-version": "4.0" },
      body: JSON.stringify({ UserName: user, Password: password }),
    });
    const token = answer.headers["x-auth-token"];
    if (answer.status < 300 && typeof token === "string") {
      return { kind: "session", token, location: this.#sessionPath(answer) };
    }
    if (answer.status === 401 || answer.status === 403) {
      throw credentialsError(this.endpoint, user, answer.status);
    }
    // A busy BMC is asked again by the caller; only one that stays so is taken to have no session free.
    if (BUSY.has(answer.status) && tries < 4) throw new NoAnswer("refused", `HTTP ${answer.status} at login`);
    return { kind: "basic" };
  }

  #sessionPath(answer: HttpAnswer): string | undefined {
    const location = answer.headers.location ?? (safeJson(answer.body)?.["@odata.id"] as string | undefined);
    if (!location) return undefined;
    return new URL(location, this.endpoint).pathname;
  }

  #send(request: Omit<HttpRequest, "timeoutMs" | "signal">): Promise<HttpAnswer> {
    const { signal } = this.#options;
    return this.#server.send({ ...request, timeoutMs: this.#timing.requestMs, ...(signal && { signal }) });
  }

  /** Repeats a read through refusals, time-outs and busy answers. */
  async #persistently(attempt: (tries: number) => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const begun = Date.now();
    for (let tries = 1; ; tries++) {
      const wait = backOff(tries - 1, this.#timing.firstDelayMs, 8000);
      const late = () => Date.now() - begun + wait > this.#timing.attemptsMs;
      try {
        const answer = await attempt(tries);
        if (!BUSY.has(answer.status) || late()) return answer;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        const failure = noAnswerError(this.endpoint, error, tries);
        if (failure.problem === "untrusted" || late()) throw failure;
      }
      await pause(wait, this.#options.signal);
    }
  }

  #parse(path: string, body: string): Json {
    const json = safeJson(body);
    if (json) return json;
    throw new BmcError(
      "unsupported",
      this.endpoint,
      `answered GET ${path} with something that is not JSON. Is bmc.endpoint the address of a Redfish service?`,
    );
  }
}

function safeJson(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
