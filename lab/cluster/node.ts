/**
 * What an installed machine runs after it has booted from its disk.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { InstalledSystem, LabServices, MachineContext, NodeRuntime } from "../types";
import { AgentNode } from "./agent-node";
import { type ClusterAuthorities, createAuthorities, loadAuthorities, saveAuthorities } from "./authorities";
import { NodeDisk, PATHS } from "./disk";
import type { EtcdMember } from "./etcd";
import { type NodeIdentity, readIdentity } from "./identity";
import { acceptBootstrap, type PlannedRoles, type ServerBootstrap } from "./promotion";
import { bootstrapRke2, removeRke2 } from "./rke2";
import { ServerNode, type ServerNodeParts } from "./server-node";
import type { Rke2Server } from "./ssh/rke2-server";
import { SshServer } from "./ssh/server";
import { WitnessNode } from "./witness-node";
import { writeConfiguredFiles } from "./write-files";

/** A Harvester node: a server when its disk says so or its installation creates a cluster, else an agent that joins. */
export class HarvesterNode implements NodeRuntime {
  readonly #disk: NodeDisk;
  #life: AbortController | undefined;
  #server: ServerNode | undefined;
  #witness: WitnessNode | undefined;
  #agent: AgentNode | undefined;
  #ssh: SshServer | undefined;
  #starting: Promise<void> = Promise.resolve();
  /** False once RKE2 was uninstalled: the operating system is all that runs. */
  #installed = true;
  /** True while RKE2's server is stopped and the operating system runs. */
  #stopped = false;

  constructor(
    private readonly machine: MachineContext,
    private readonly system: InstalledSystem,
    private readonly lab: LabServices,
  ) {
    this.#disk = new NodeDisk(system.root);
  }

  /** The control plane of this node while it runs one. */
  get server(): ServerNode | undefined {
    return this.#server;
  }

  /** The etcd member of this node while it runs one. */
  get etcd(): EtcdMember | undefined {
    return (this.#server ?? this.#witness)?.etcd;
  }

  async start(): Promise<void> {
    const life = new AbortController();
    this.#life = life;
    this.#starting = this.#start(life.signal);
    await this.#starting;
  }

  async kill(): Promise<void> {
    await this.#end(new Error("the power was cut"));
    await Promise.all([this.#server?.kill(), this.#witness?.kill(), this.#ssh?.close()]);
  }

  async shutdown(): Promise<void> {
    await this.#end(new Error("the system is shutting down"));
    await Promise.all([this.#server?.stop(), this.#witness?.stop(), this.#ssh?.close()]);
  }

  /** Ends the loops. A start that is under way comes to its end first, so that it leaves nothing behind that nobody knows of. */
  async #end(reason: Error): Promise<void> {
    this.#life?.abort(reason);
    this.#agent?.stop();
    await this.#starting.catch(() => undefined);
  }

  async #start(signal: AbortSignal): Promise<void> {
    const identity = await readIdentity(this.machine, this.system, this.#disk);
    writeConfiguredFiles(this.#disk, this.system.config);
    this.#installed = bootstrapRke2(this.#disk);
    await this.#startSsh(identity);
    if (!this.#installed) return this.#log("rke2: not installed on this disk any more");
    const authorities = await this.#authorities(identity);
    signal.throwIfAborted();
    if (!authorities) this.#startAgent(identity, signal, true);
    else if (identity.role !== "witness") await this.#startServer(identity, authorities, signal);
    else {
      this.#startAgent(identity, signal, false);
      await this.#startWitness(identity, authorities, signal);
    }
  }

  async #startSsh(identity: NodeIdentity): Promise<void> {
    const { machine, lab } = this;
    this.#ssh = new SshServer(this.system.config, {
      machine,
      lab,
      identity,
      disk: this.#disk,
      etcd: () => this.etcd,
      rke2: () => this.#unit(),
      server: () => this.#service(identity),
      uninstall: () => this.#uninstall(identity),
      user: "rancher",
    });
    await this.#ssh.listen(machine.address, lab.sshPort);
  }

  #unit(): "rke2-server" | "rke2-agent" | undefined {
    if (!this.#installed) return undefined;
    if (this.#stopped) return "rke2-server";
    return this.etcd === undefined ? "rke2-agent" : "rke2-server";
  }

  /** What systemd can do with RKE2's server; undefined on a machine that holds none. */
  #service(identity: NodeIdentity): Rke2Server | undefined {
    const authorities = loadAuthorities(this.#disk);
    if (authorities === undefined || identity.role === "witness") return undefined;
    return {
      running: () => !this.#stopped,
      stop: async () => {
        await this.#end(new Error("rke2-server was stopped"));
        await this.#server?.stop();
        this.#server = undefined;
        this.#stopped = true;
      },
      start: async () => {
        const life = new AbortController();
        this.#life = life;
        this.#stopped = false;
        this.#starting = this.#startServer(identity, authorities, life.signal);
        await this.#starting;
      },
      member: async () => (await ServerNode.create(this.#parts(identity, authorities))).etcd,
    };
  }

  /** What rke2-uninstall.sh does: everything of this machine's RKE2 is killed, and its files go. */
  async #uninstall({ machine, hostname: node }: NodeIdentity): Promise<void> {
    this.lab.ledger.append({ machine, event: "rke2-uninstalled", node });
    this.#installed = false;
    await this.#end(new Error("RKE2 was uninstalled"));
    await Promise.all([this.#server?.kill(), this.#witness?.kill()]);
    this.#server = undefined;
    this.#witness = undefined;
    await removeRke2(this.#disk);
    this.#log("rke2: uninstalled");
  }

  /** A disk that has them was a server before. Creating them is creating a cluster: it happens once per installation. */
  async #authorities(identity: NodeIdentity): Promise<ClusterAuthorities | undefined> {
    const known = loadAuthorities(this.#disk);
    if (known || this.system.mode !== "create") return known;
    const made = await createAuthorities();
    this.#disk.write(PATHS.serverToken, (this.system.config.token ?? "") + "\n");
    saveAuthorities(this.#disk, made);
    this.lab.ledger.append({
      machine: identity.machine,
      event: "cluster-created",
      node: identity.hostname,
      vip: this.system.config.install?.vip,
    });
    return made;
  }

  async #startServer(
    identity: NodeIdentity,
    authorities: ClusterAuthorities,
    signal: AbortSignal,
  ): Promise<void> {
    const server = await ServerNode.create(this.#parts(identity, authorities));
    this.#server = server;
    await server.start();
    server.run(signal).catch((error: Error) => {
      if (!signal.aborted) this.#log(`rke2-server: ${error.message}`);
    });
  }

  async #startWitness(
    identity: NodeIdentity,
    authorities: ClusterAuthorities,
    signal: AbortSignal,
  ): Promise<void> {
    const apiServers = () => this.#agent?.saved()?.apiServers ?? [];
    const witness = await WitnessNode.create(this.#parts(identity, authorities), apiServers);
    this.#witness = witness;
    witness.run(signal).catch((error: Error) => {
      if (!signal.aborted) this.#log(`rke2-server: ${error.message}`);
    });
  }

  /** An agent whose plan may make it a server, or the kubelet of a witness that is one already. */
  #startAgent(identity: NodeIdentity, signal: AbortSignal, promotable: boolean): void {
    const { machine, system, lab } = this;
    // The agent's loops end with the promotion, not with the machine.
    const agentLife = new AbortController();
    const agentSignal = AbortSignal.any([signal, agentLife.signal]);
    const promoted = async (bootstrap: ServerBootstrap, plan: PlannedRoles): Promise<void> => {
      signal.throwIfAborted();
      acceptBootstrap(this.#disk, bootstrap, this.system.config.token ?? "");
      if (plan.controlPlane) {
        agentLife.abort(new Error("this node is a server now"));
        agent.stop();
      }
      this.#log(`rke2: promoted to ${plan.controlPlane ? "a server" : "a member of etcd"}`);
      lab.ledger.append({ machine: machine.name, event: "node-promoted", node: identity.hostname });
      this.#starting = plan.controlPlane
        ? this.#startServer(identity, bootstrap.authorities, signal)
        : this.#startWitness(identity, bootstrap.authorities, signal);
      await this.#starting;
    };
    const disk = this.#disk;
    const agent = new AgentNode(
      machine,
      system,
      lab,
      disk,
      identity,
      this.#log,
      promotable ? promoted : undefined,
    );
    this.#agent = agent;
    agent.run(agentSignal).catch((error: Error) => {
      if (!agentSignal.aborted) this.#log(`rke2-agent: ${error.message}`);
    });
  }

  #parts(identity: NodeIdentity, authorities: ClusterAuthorities): ServerNodeParts {
    const { machine, system, lab } = this;
    return { machine, system, lab, disk: this.#disk, identity, authorities, log: this.#log };
  }

  /** The journal: not on the screen, where a real node shows only its dashboard. */
  readonly #log = (line: string): void => {
    const logs = path.join(this.machine.dir, "logs");
    fs.mkdirSync(logs, { recursive: true });
    fs.appendFileSync(path.join(logs, "node.log"), `${new Date().toISOString()} ${line}\n`);
  };
}
