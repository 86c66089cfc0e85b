/**
 * Carries one machine from where it stands to member of the cluster, and can be killed at any instant: every step is
 * found again from the mark on the hardware and from the cluster, and nothing irreversible is done twice.
 */
import { hostnameOf } from "../../../model/description";
import { type IntentPhase, sameUuid } from "../../../model/hardware";
import { artifactsOf, diskBootScript } from "../../../model/install";
import type { InstallerEvent } from "../../boot/messages";
import type { BootRoute, BootServer } from "../../boot/server";
import { HarvesterError } from "../../harvester/errors";
import { NoAnswer } from "../../net/http";
import { pause } from "../../net/retry";
import type { System } from "../../redfish/system";
import { DeadlinePassed, explain } from "../../shell/errors";
import { type OperationContext, UserError } from "../../shell/resource";
import { firstLogin, type LiveCluster, lookAtCluster, nodeOn } from "../live-cluster";
import { forgetLeft, readRoster } from "../membership/roster";
import { promotionUnderWay } from "../promotion";
import { type Decision, furthestOf, type Intent, type Phase } from "./decide";
import { type BootMaterial, bootMaterial, INSTALLATION_LABEL, type MachineInputs } from "./inputs";
import { withMark } from "./mark";

/** How often the machine and the cluster are looked at while waiting. */
const LOOK_EVERY_MS = 2000;

/** How long a look at the VIP counts: from the script to the configuration, which an installer's kernel takes to load. */
const VIP_LOOK_COUNTS_MS = 60_000;

/** What an installation is told of before it begins. */
export interface InstallationMemory {
  /** How far it has come already. */
  phase: Phase | undefined;
  /** Fingerprint of the cluster's authority, if it was recorded. */
  caFingerprint: string | undefined;
  /** Looks at everything again and decides anew; throws where that is a refusal. */
  decideAgain(): Promise<Act>;
}

/** A decision that may be carried out here: who is to leave has left by then. */
export type Act = Exclude<Decision, { act: "refuse" | "leave" }>;

/** One installation under one intent. */
export class Installation {
  readonly #material: BootMaterial;
  #phase: Phase | undefined;
  /** What the machine reported last, for people. */
  #news = "";
  /** Set where the machine reported something that waiting cannot mend. */
  #failure: UserError | undefined;
  /**
   * A boot of ours is under way. An installer that an earlier, killed run started may still be asking for its configuration:
   * handed out now, it would begin to write the disk and be cut off by our own restart.
   */
  #expected = false;
  /** Until when the last look at the VIP counts for handing out a create configuration. */
  #vipSilentUntil = 0;
  /** Answers to the machine, one after another: it gives up on a slow answer and asks again while the first is still made. */
  #answers: Promise<unknown> = Promise.resolve();
  /** Marks on their way to the BMC, one after another. */
  #marks: Promise<void> = Promise.resolve();

  constructor(
    private readonly ctx: OperationContext,
    private readonly inputs: MachineInputs,
    private readonly intent: Intent,
    private readonly system: System,
    private readonly bootServer: BootServer,
    private readonly memory: InstallationMemory,
  ) {
    this.#material = bootMaterial(inputs, intent);
    this.#phase = memory.phase;
  }

  /** How far it has come. Undefined as long as nothing was changed anywhere. */
  get phase(): Phase | undefined {
    return this.#phase;
  }

  /** Does what was decided, and returns when the machine is a member. */
  async carryOut(decision: Act): Promise<void> {
    switch (decision.act) {
      case "adopt":
        this.#phase = furthestOf(this.#phase, "done");
        await this.#mark("done");
        return this.#waitUntilMember();
      case "install":
        return this.#install(decision.mode);
      case "await-installation":
        return this.#serveWhile(decision.mode, async () => {
          await this.#powerOnFromDisk();
          await this.#waitUntilMember();
        });
      case "await-membership":
        this.#phase = furthestOf(this.#phase, "done");
        return this.#serveWhile("join", async () => {
          if (decision.powerOn) await this.#powerOnFromDisk();
          await this.#waitUntilMember();
        });
    }
  }

  async #install(mode: "create" | "join"): Promise<void> {
    if (mode === "join") {
      await this.#waitForCluster();
      // The decision is as old as the wait was long, and a cluster that can be asked may know this machine as a member.
      const now = await this.memory.decideAgain();
      if (now.act !== "install" || now.mode !== mode) return this.carryOut(now);
    }
    return this.#serveWhile(mode, async () => {
      await this.#arm();
      await this.#waitUntilMember();
    });
  }

  /** Marks first, so that a crash right after finds out; then boot override, then power. */
  async #arm(): Promise<void> {
    this.ctx.status("marking the hardware");
    await this.#mark("armed");
    this.ctx.status("arming one-time HTTP boot");
    await this.system.setBootOnce("UefiHttp", `${this.#material.baseUrl}/ipxe.efi`);
    this.ctx.status("power on");
    await this.system.power("ForceOff");
    this.#expected = true;
    await this.system.power("On");
    this.#news = "powered on, waiting for it to boot over the network";
  }

  /** Power was lost in between: starting again from disk wipes nothing, and either it boots or the deadline tells. */
  async #powerOnFromDisk(): Promise<void> {
    this.#news = "waiting for it to report";
    if ((await this.system.state()).power !== "Off") return;
    this.ctx.status("power on from disk");
    await this.system.clearBootOverride();
    await this.system.power("On");
  }

  /** Joining machines boot only when there is a cluster to join; nothing is created where the VIP is silent (P1). */
  async #waitForCluster(): Promise<void> {
    const atRest = this.inputs.join?.atRest === true;
    const what = atRest
      ? "promotion to rest, so that this machine is not promoted in another's place"
      : "the cluster to answer at the VIP, which this machine is to join";
    await this.#waitUntil(what, async (cluster) => {
      if (cluster.kind !== "ours") return false;
      const underWay = atRest ? promotionUnderWay(cluster.nodes, this.inputs.cluster.version) : undefined;
      if (underWay !== undefined) this.#news = `waiting for promotion to rest: ${underWay}`;
      return underWay === undefined;
    });
  }

  async #waitUntilMember(): Promise<void> {
    await this.#waitUntil("the node to be Ready", async (cluster) => {
      if (this.#failure !== undefined) throw this.#failure;
      const node = nodeOn(cluster, this.inputs.node.hardware);
      if (node === undefined || node.labels[INSTALLATION_LABEL] !== this.intent.id) return false;
      await this.#mark("done");
      if (!(await this.#endRelease(cluster))) return false;
      if (!node.ready) {
        this.#news = `node ${node.name} is in the cluster, not Ready yet`;
        return false;
      }
      // A BMC that keeps its one-time override would try the network at every start to come.
      await this.system.clearBootOverride();
      this.#phase = "member";
      return true;
    });
  }

  /**
   * A machine that left a cluster was told to stay off when the mains return. Now it is to start again as it did before, and is nobody's to put out
   * any more. False where the cluster did not say how it was, or did not take it: it is looked at again.
   */
  async #endRelease({ client }: LiveCluster): Promise<boolean> {
    if (client === undefined) return false;
    try {
      const { left } = await readRoster(client);
      const own = left.findLast(({ uuid }) => sameUuid(uuid, this.inputs.node.hardware.uuid));
      if (own?.powerRestorePolicy !== undefined)
        await this.system.setPowerRestorePolicy(own.powerRestorePolicy);
      return own === undefined || (await forgetLeft(client, this.inputs.identity, own.uuid));
    } catch (error) {
      if (!(error instanceof NoAnswer || error instanceof HarvesterError)) throw error;
      this.#news = `its node is in the cluster, which could not be asked whether it had left before: ${explain(error)}`;
      return false;
    }
  }

  /** Looks at the cluster again and again, until it is as wanted, the deadline passes or somebody cancels. */
  async #waitUntil(what: string, reached: (cluster: LiveCluster) => Promise<boolean>): Promise<void> {
    const began = Date.now();
    let seen = "nothing yet";
    const look = async () => {
      const cluster = await this.#lookAtCluster();
      seen = cluster.what;
      return reached(cluster);
    };
    for (;;) {
      const there = await look().catch((error) => {
        // The deadline may pass in the middle of a look, too.
        throw error instanceof DeadlinePassed ? this.#tooLate(what, seen) : error;
      });
      if (there) return;
      if (Date.now() + LOOK_EVERY_MS > this.ctx.deadline.getTime()) throw this.#tooLate(what, seen);
      const seconds = Math.round((Date.now() - began) / 1000);
      this.ctx.status(`${this.#news || `waiting for ${what}`} (${seconds} s)`);
      await pause(LOOK_EVERY_MS, this.ctx.signal);
    }
  }

  /** The creator also turns a freshly formed cluster into ours: its bootstrap password is changed at once. */
  async #lookAtCluster(): Promise<LiveCluster> {
    const { signal, facts } = this.ctx;
    const options = { signal, facts, pinned: this.memory.caFingerprint };
    const cluster = await lookAtCluster(this.inputs, options);
    if (!cluster.hasBootstrapPassword || !this.intent.creator) return cluster;
    this.#news = "cluster formed, changing the bootstrap password";
    await firstLogin(this.inputs, cluster);
    return lookAtCluster(this.inputs, options);
  }

  async #serveWhile(mode: "create" | "join", work: () => Promise<void>): Promise<void> {
    const route = await this.bootServer.open(this.#route(mode));
    try {
      await work();
    } finally {
      await route.close();
      await this.#marks;
    }
  }

  /** What the boot server asks and tells while the machine boots and installs. */
  #route(mode: "create" | "join"): BootRoute {
    return {
      token: this.#material.token,
      ipxeUrl: artifactsOf(this.inputs.cluster).ipxe,
      script: () => this.#answer(() => this.#script(mode)),
      configuration: (from) => this.#answer(() => this.#configuration(mode, from)),
      event: (event, detail) => this.#answer(async () => this.#event(event, detail)),
    };
  }

  /** A machine that comes back after its configuration was handed out boots from disk, whatever its BMC remembers. */
  async #script(mode: "create" | "join"): Promise<string> {
    if (this.#phase !== "armed" || !this.#expected) return diskBootScript();
    // Looked at here already, because the installer waits for its configuration no longer than a look may take.
    if (mode === "create" && !(await this.#mayStillCreate())) return diskBootScript();
    this.#news = "the installer's kernel is loading";
    return this.#material.script;
  }

  /** Handed out again only to the same boot that may not have got it: never once the installer has started. */
  async #configuration(mode: "create" | "join", from: string): Promise<string | undefined> {
    if (this.#phase !== "armed" && this.#phase !== "served") {
      this.ctx.warn(
        `${this.inputs.key}: ${from} asked for its configuration again after the installer had started; refused.`,
      );
      return undefined;
    }
    if (this.#phase === "armed" && !this.#expected) return undefined;
    if (mode === "create" && Date.now() > this.#vipSilentUntil && !(await this.#mayStillCreate()))
      return undefined;
    await this.#mark("served");
    this.#news = `the installer has its configuration (${from})`;
    return this.#material.configuration(mode);
  }

  /** The installer reports once and never again: what it says counts at once, and reaches the hardware as soon as may be. */
  #event(event: InstallerEvent, detail: string): void {
    switch (event) {
      case "STARTED":
        void this.#mark("started").catch(() => undefined);
        this.#news = "installing: writing the disk";
        break;
      case "SUCCEEDED":
        void this.#mark("done").catch(() => undefined);
        this.#news = "installed, restarting from disk";
        break;
      case "FAILED":
        this.#failure = new UserError(
          `The installer on ${this.inputs.key} reported that it FAILED (${printable(detail)}). Look at the machine's console ` +
            `for the reason, mend it, and raise nodes.${this.inputs.key}.reinstall by one.`,
        );
    }
  }

  /** What goes wrong while a machine is answered is shown in its row: the machine itself only learns to ask again. */
  #answer<T>(work: () => Promise<T>): Promise<T> {
    const answer = this.#answers.then(work).catch((error) => {
      this.#news = `could not answer the machine: ${explain(error)}`;
      throw error;
    });
    this.#answers = answer.catch(() => undefined);
    return answer;
  }

  /** Right before the irreversible step, live: a create configuration leaves only while nothing answers at the VIP (P1). */
  async #mayStillCreate(): Promise<boolean> {
    const cluster = await lookAtCluster(this.inputs, { signal: this.ctx.signal, thorough: true });
    if (cluster.kind === "silent") {
      this.#vipSilentUntil = Date.now() + VIP_LOOK_COUNTS_MS;
      return true;
    }
    this.#failure = new UserError(
      `Something answers at the VIP ${this.inputs.cluster.vip.address}, so ${this.inputs.key} was not given the ` +
        "configuration that creates a cluster. Find out what holds the VIP.",
    );
    return false;
  }

  /**
   * Notes how far it has come: here at once, on the hardware when the promise is kept. It only ever goes forward. A BMC that
   * has a bad moment is asked again, for as long as the operation lasts.
   */
  #mark(phase: IntentPhase): Promise<void> {
    if (phase !== "armed" && furthestOf(this.#phase, phase) !== phase) return this.#marks;
    this.#phase = phase;
    const mark = this.#marks.catch(() => undefined).then(() => this.#writeMark(phase));
    // Also looked at where nobody waits for it; an unhandled rejection would end the provider.
    mark.catch(() => undefined);
    this.#marks = mark;
    return mark;
  }

  async #writeMark(phase: IntentPhase): Promise<void> {
    for (;;) {
      try {
        return await this.system.setAssetTag((present) => withMark(present, this.intent.id, phase));
      } catch (error) {
        if (phase === "armed" || this.ctx.signal.aborted || Date.now() > this.ctx.deadline.getTime())
          throw error;
        this.#news = `the mark "${phase}" is not on the hardware yet: ${explain(error)}`;
        await pause(LOOK_EVERY_MS, this.ctx.signal);
      }
    }
  }

  #tooLate(what: string, seen: string): UserError {
    const { key, node } = this.inputs;
    const where =
      this.#phase === undefined ? "nothing was changed" : `the installation stands at "${this.#phase}"`;
    return new UserError(
      `${key} (${hostnameOf(key, node)}): gave up waiting for ${what}; last seen: ${this.#news || seen}; ${where}. ` +
        `${adviceFor(this.#phase, key)} More time: installTimeout.`,
    );
  }
}

/** What comes from the network, made fit to be shown. */
function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return clean === "" ? "no reason given" : clean.slice(0, 200);
}

/** What to look at, by the phase that did not end. The installer says nothing over the network when it stops early. */
function adviceFor(phase: Phase | undefined, key: string): string {
  switch (phase) {
    case undefined:
      return "The machine was not started.";
    case "armed":
      return (
        "It never asked for its configuration: check that it can reach the boot server, that HTTP boot is enabled in its " +
        "BIOS, and that its first network port is in the right VLAN. The next `pulumi up` starts it again."
      );
    case "served":
      return (
        "The installer stops without a word on a bad configuration, a failed preflight check (cores, memory, NIC speed, " +
        "virtualisation), a missing default route, or a disk that is too small or not there under its name: read its console. " +
        `Running again keeps waiting; to install anew, raise nodes.${key}.reinstall by one.`
      );
    case "started":
      return (
        "The installer had begun, and reported neither success nor failure: the ISO comes slowly, or the disk does not take what " +
        "is written to it: read its console. Running again keeps waiting; to install anew, raise " +
        `nodes.${key}.reinstall by one.`
      );
    case "done":
    case "member":
      return (
        "The disk is written. Look at its console: it may not reach the VIP, or the VIP may be held by something else. " +
        "Running again keeps waiting."
      );
  }
}
