/** One machine behind a BMC: what it is, and the few things we ever ask of it. */
import { poll } from "../net/retry";
import { BmcClient, type BmcOptions, type Json } from "./client";
import { BmcError } from "./errors";
import {
  link,
  members,
  object,
  type PowerState,
  readFacts,
  type SystemFacts,
  type SystemState,
  stateOf,
  texts,
} from "./facts";

/** What can be asked of the power. There is no restart in one: off and on can each be observed, a restart cannot. */
export type PowerRequest = "On" | "ForceOff" | "GracefulShutdown";

/** How long to wait for what was asked. */
export interface WaitOptions {
  /** @default 180000 */
  deadlineMs?: number;
  /** @default 1000 */
  everyMs?: number;
}

/** How often a write is made for what was just read, before others are taken to be no reason for its refusal. */
const MOST_TRIES = 5;

/** Value of PowerRestorePolicy [Redfish ComputerSystem] with which a machine stays off when the mains return. */
export const STAYS_OFF = "AlwaysOff";

/** Whether the next start comes from the machine's own boot order. */
export function bootsAsUsual({ bootOverride }: Pick<SystemState, "bootOverride">): boolean {
  return bootOverride.enabled === "Disabled" || bootOverride.target === "None";
}

/** A machine. Close it when done. */
export class System {
  readonly #client: BmcClient;
  readonly #options: BmcOptions;
  #path: string | undefined;

  constructor(options: BmcOptions) {
    this.#options = options;
    this.#client = new BmcClient(options);
  }

  get endpoint(): string {
    return this.#client.endpoint;
  }

  /** Everything the BMC says about the machine. */
  async facts(): Promise<SystemFacts> {
    return readFacts(this.#client, (await this.#read()).body);
  }

  /** Only what changes while the machine is worked on. */
  async state(): Promise<SystemState> {
    return stateOf((await this.#read()).body);
  }

  /** How far the BMC's clock is ahead of this machine's, in seconds; undefined where it does not tell its time. */
  async clock(): Promise<number | undefined> {
    const [manager] = await members(this.#client, "/redfish/v1/Managers");
    const time = typeof manager?.DateTime === "string" ? Date.parse(manager.DateTime) : Number.NaN;
    return Number.isNaN(time) ? undefined : (time - Date.now()) / 1000;
  }

  /**
   * Writes the asset tag that `next` makes of the present one, and reads it back. It outlives everything but the BMC itself. Others
   * write there, too: where one was faster, `next` is asked again about what that left.
   */
  async setAssetTag(next: (present: string | undefined) => string): Promise<void> {
    await this.#set(
      "AssetTag",
      ({ assetTag }) => ({ AssetTag: next(assetTag) }),
      ({ assetTag }) => (assetTag ?? "") === next(assetTag),
    );
  }

  /** Lets the next start, and only that one, come from a URL by UEFI HTTP boot. */
  async setBootOnce(target: "UefiHttp", uri: string): Promise<void> {
    const { body } = await this.#read();
    const targets = texts(object(body.Boot)["BootSourceOverrideTarget@Redfish.AllowableValues"]);
    if (targets !== undefined && !targets.includes(target)) {
      throw new BmcError(
        "unsupported",
        this.endpoint,
        `cannot boot its machine by ${target}; it offers ${targets.join(", ") || "nothing"}. Update its firmware, or enable HTTP boot in the machine's BIOS setup.`,
      );
    }
    await this.#set(
      "Boot",
      () => ({
        Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: target, HttpBootUri: uri },
      }),
      ({ bootOverride }) =>
        bootOverride.enabled !== "Disabled" && bootOverride.target === target && bootOverride.uri === uri,
    );
  }

  /** Takes any boot override back: the next start comes from disk, as the machine's own boot order says. */
  async clearBootOverride(): Promise<void> {
    await this.#set("Boot", () => ({ Boot: { BootSourceOverrideEnabled: "Disabled" } }), bootsAsUsual);
  }

  /** Says what the machine does when the mains return. Nothing where the BMC has no such policy. */
  async setPowerRestorePolicy(policy: string): Promise<void> {
    if ((await this.state()).powerRestorePolicy === undefined) return;
    await this.#set(
      "PowerRestorePolicy",
      () => ({ PowerRestorePolicy: policy }),
      ({ powerRestorePolicy }) => powerRestorePolicy === policy,
    );
  }

  /** Asks for a power state and waits until it is observed. Does nothing if it is already there. */
  async power(request: PowerRequest, wait: WaitOptions = {}): Promise<void> {
    const wanted: PowerState = request === "On" ? "On" : "Off";
    const { body } = await this.#read();
    if (stateOf(body).power === wanted) return;
    const action = object(object(body.Actions)["#ComputerSystem.Reset"]);
    const target = typeof action.target === "string" ? action.target : undefined;
    if (target === undefined) {
      throw new BmcError(
        "unsupported",
        this.endpoint,
        "offers no way to switch its machine (no Reset action).",
      );
    }
    const allowed = texts(action["ResetType@Redfish.AllowableValues"]);
    if (allowed !== undefined && !allowed.includes(request)) {
      throw new BmcError(
        "unsupported",
        this.endpoint,
        `does not offer the power request ${request}, only ${allowed.join(", ")}.`,
      );
    }
    await this.#client.write({
      method: "POST",
      path: target,
      body: { ResetType: request },
      applied: async () => {
        const { power } = await this.state();
        return power === wanted || power === (wanted === "On" ? "PoweringOn" : "PoweringOff");
      },
    });
    await this.waitForPower(wanted, wait);
  }

  /** Waits until the power state is observed. */
  async waitForPower(
    wanted: "On" | "Off",
    { deadlineMs = 180_000, everyMs = 1000 }: WaitOptions = {},
  ): Promise<void> {
    const { signal } = this.#options;
    let last: PowerState | undefined;
    const seen = await poll(
      async () => {
        last = (await this.state()).power;
        return last === wanted ? last : undefined;
      },
      { everyMs, deadlineMs, ...(signal && { signal }) },
    );
    if (seen) return;
    throw new BmcError(
      "refused",
      this.endpoint,
      `was asked to switch its machine ${wanted.toLowerCase()}, but after ${deadlineMs / 1000} s it still says ${last ?? "nothing"}. Look at the machine's console.`,
    );
  }

  /** Logs out. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Writes a property of the system unless it already is so, and reads it back: a BMC may accept and forget. */
  async #set(
    what: string,
    body: (state: SystemState) => Json,
    isSo: (state: SystemState) => boolean,
  ): Promise<void> {
    if (!(await this.#patchUnlessSo(body, isSo))) return;
    const { signal, timing } = this.#options;
    // Some BMCs show a change only after a moment.
    const settled = await poll(async () => isSo(await this.state()) || undefined, {
      everyMs: timing?.firstDelayMs ?? 1000,
      deadlineMs: timing?.requestMs ?? 20_000,
      ...(signal && { signal }),
    });
    if (settled) return;
    throw new BmcError(
      "unsupported",
      this.endpoint,
      `accepted a new ${what} but does not show it: it says ${JSON.stringify(object((await this.#read()).body)[what] ?? null)}. Its firmware may be too old; update it.`,
    );
  }

  /**
   * Writes what follows from the system as it is; false if it is so already. Where it was changed since it was read (HTTP 412), it is
   * read anew: a write made for an older state could undo somebody else's.
   */
  async #patchUnlessSo(
    body: (state: SystemState) => Json,
    isSo: (state: SystemState) => boolean,
  ): Promise<boolean> {
    const path = await this.#systemPath();
    for (let tries = 1; ; tries++) {
      const { body: resource, etag } = await this.#read();
      const state = stateOf(resource);
      if (isSo(state)) return false;
      // Some BMCs never accept the ETag they gave; they get the last try without, like those that give none.
      const conditional = etag !== undefined && tries < MOST_TRIES;
      try {
        await this.#client.write({
          method: "PATCH",
          path,
          body: body(state),
          ...(conditional ? { headers: { "if-match": etag } } : {}),
          applied: async () => isSo(await this.state()),
        });
        return true;
      } catch (error) {
        const stale = error instanceof BmcError && error.status === 412;
        if (!stale || !conditional) throw error;
      }
    }
  }

  async #read(): Promise<{ body: Json; etag: string | undefined }> {
    const path = await this.#systemPath();
    const answer = await this.#client.get(path);
    if (answer) return answer;
    throw new BmcError("unsupported", this.endpoint, `has no ${path}. Correct bmc.systemId.`);
  }

  async #systemPath(): Promise<string> {
    if (this.#path !== undefined) return this.#path;
    const collection = "/redfish/v1/Systems";
    const { systemId } = this.#options.bmc;
    if (systemId !== undefined) {
      this.#path = `${collection}/${encodeURIComponent(systemId)}`;
      return this.#path;
    }
    const page = await this.#client.need(collection);
    const paths = (Array.isArray(page.Members) ? page.Members : []).map(link).filter((p) => p !== undefined);
    if (paths.length === 1) {
      this.#path = paths[0]!;
      return this.#path;
    }
    const names = (await members(this.#client, collection)).map((s) => `${String(s.Id)} (${String(s.Name)})`);
    throw new BmcError(
      "unsupported",
      this.endpoint,
      `has ${paths.length} systems${names.length ? `: ${names.join(", ")}` : ""}. Say which one in bmc.systemId.`,
    );
  }
}
