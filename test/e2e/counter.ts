/**
 * Somebody who writes into the cluster all the time, and remembers what was acknowledged: whatever is done to the cluster meanwhile, none of that
 * may be lost.
 */
import assert from "node:assert/strict";
import { until } from "../toolchain/offline/support/until";
import { ask } from "./http";

/** The cluster that is written into, as a world is. */
interface Writable {
  readonly vipUrl: string;
  secret(name: "admin-password"): string;
}

/** What became of the writes. */
export interface Counted {
  acknowledged: number;
  /** Writes that were refused, or of which nothing was heard: they may be there or not. */
  failed: number;
  /** Numbers of the acknowledged writes that are not there any more. */
  lost: number[];
}

/** From the beginning of one write to that of the next. */
const EVERY_MS = 200;
/** A write of which nothing is heard for so long counts as failed: while there is no VIP the next one is tried soon. */
const PATIENCE_MS = 3000;
/** How long the cluster may take to answer again. */
const ANSWER_DEADLINE_MS = 60_000;
const NAMESPACES = "/k8s/clusters/local/api/v1/namespaces";
const NAMESPACE = "counter";
const NAME = /^counter-(\d+)$/;

/** An increasing counter: every number is a ConfigMap of its own, written once, through the VIP, as the administrator. */
export class Counter {
  readonly #acknowledged: number[] = [];
  #failed = 0;
  #stopping = false;
  #done: Promise<void>;

  private constructor(
    private readonly vipUrl: string,
    private readonly token: string,
  ) {
    this.#done = this.#run();
  }

  /** Logs in and begins to count. Needs a cluster that answers. */
  static async start(world: Writable): Promise<Counter> {
    const body = { username: "admin", password: world.secret("admin-password"), responseType: "json" };
    const login = await ask(`${world.vipUrl}/v3-public/localProviders/local?action=login`, {
      method: "POST",
      body,
    });
    if (login.status !== 201) throw new Error(`counter: login answered ${login.status} ${login.body}`);
    const { token } = JSON.parse(login.body);
    const made = await ask(`${world.vipUrl}${NAMESPACES}`, {
      method: "POST",
      token,
      body: { metadata: { name: NAMESPACE } },
    });
    if (made.status !== 201 && made.status !== 409)
      throw new Error(`counter: namespace ${NAMESPACE}: ${made.status} ${made.body}`);
    return new Counter(world.vipUrl, token);
  }

  /** How many writes were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Looks for every number in the cluster that was acknowledged so far, while the counting goes on. */
  async look(): Promise<Counted> {
    const acknowledged = [...this.#acknowledged];
    const there = new Set(await this.#list());
    const lost = acknowledged.filter((number) => !there.has(number));
    return { acknowledged: acknowledged.length, failed: this.#failed, lost };
  }

  /** Ends the counting. */
  async end(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** Ends the counting and looks for every acknowledged number in the cluster. */
  async stop(): Promise<Counted> {
    await this.end();
    return this.look();
  }

  async #run(): Promise<void> {
    for (let number = 1; !this.#stopping; number++) {
      const pause = new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      const metadata = { name: `counter-${number}` };
      const status = await this.#ask("POST", { metadata }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 201) this.#acknowledged.push(number);
      else this.#failed++;
      await pause;
    }
  }

  async #list(): Promise<number[]> {
    const deadline = Date.now() + ANSWER_DEADLINE_MS;
    for (;;) {
      const answer = await this.#ask("GET").catch((error: Error) => ({ status: 0, body: error.message }));
      if (answer.status === 200) {
        const items: { metadata: { name: string } }[] = JSON.parse(answer.body).items;
        return items.map(({ metadata }) => Number(NAME.exec(metadata.name)?.[1] ?? 0));
      }
      if (Date.now() > deadline)
        throw new Error(`counter: the cluster does not answer: ${answer.status} ${answer.body}`);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  #ask(method: "GET" | "POST", body?: object) {
    const url = `${this.vipUrl}${NAMESPACES}/${NAMESPACE}/configmaps`;
    return ask(url, { method, token: this.token, body, timeoutMs: PATIENCE_MS });
  }
}

/** Holds where more writes are acknowledged than the given number, and none of those acknowledged so far is lost. */
export async function assertNoneLost(counter: Counter, since: number): Promise<void> {
  await until(
    "another write to be acknowledged",
    ANSWER_DEADLINE_MS,
    async () => counter.acknowledged > since,
  );
  const { acknowledged, failed, lost } = await counter.look();
  assert.deepEqual(
    lost,
    [],
    `of ${acknowledged} acknowledged writes (${failed} others failed) some are lost`,
  );
}
