/**
 * A site with nodes but without firmware: what lab/cluster needs around it, in a folder of its own.
 */
import * as fs from "node:fs";
import * as https from "node:https";
import * as os from "node:os";
import * as path from "node:path";
import { Client } from "ssh2";
import { findBinaries } from "../../../lab/binaries";
import { ChildTable } from "../../../lab/children";
import { ScaledClock } from "../../../lab/clock";
import { HarvesterNode } from "../../../lab/cluster/node";
import { FaultBoard } from "../../../lab/faults/board";
import { LedgerFile } from "../../../lab/ledger";
import { findFreeNet } from "../../../lab/net";
import { ClusterTable, EtcdTable, VipTable } from "../../../lab/registries";
import type {
  HarvesterConfig,
  InstalledSystem,
  LabServices,
  MachineContext,
  MachineHardware,
} from "../../../lab/types";

/** Where the toolchain keeps its programs; `npm test` has them on the PATH as well. */
const TOOLCHAIN = path.join(__dirname, "../../../.toolchain/bin");
/** VIP of the site's cluster. */
const VIP_HOST = 10;

/** A site of a test. */
export class TestSite {
  readonly lab: LabServices;
  readonly ledger: LedgerFile;
  readonly faults: FaultBoard;
  readonly #nodes: HarvesterNode[] = [];
  readonly #children: ChildTable;

  private constructor(
    readonly dir: string,
    net: string,
  ) {
    const clock = new ScaledClock(20);
    this.ledger = new LedgerFile(path.join(dir, "ledger.jsonl"), clock);
    const machines = Array.from({ length: 5 }, (_, index) => hardware(index + 1, net));
    this.faults = new FaultBoard(path.join(dir, "faults.json"), machines, clock, this.ledger);
    this.#children = new ChildTable(dir);
    this.lab = {
      net,
      siteDir: dir,
      auditDir: path.join(dir, "audit"),
      sshPort: 17022,
      clock,
      ledger: this.ledger,
      processes: this.#children,
      vip: new VipTable(17443, this.ledger),
      clusters: new ClusterTable(),
      etcd: new EtcdTable(),
      binaries: findBinaries(`${TOOLCHAIN}:${process.env.PATH}`),
      faults: this.faults,
    };
  }

  static async create(): Promise<TestSite> {
    return new TestSite(fs.mkdtempSync(path.join(os.tmpdir(), "lab-cluster-")), await findFreeNet());
  }

  get vip(): string {
    return `${this.lab.net}.${VIP_HOST}`;
  }

  /** A machine with an installed disk. The same number again is the same disk: a reboot. */
  machine(number: number, config: HarvesterConfig = {}, version = "v1.6.1"): TestMachine {
    const create = number === 1;
    return new TestMachine(
      this,
      number,
      {
        scheme_version: 1,
        token: "a token for tests",
        ...(create ? {} : { server_url: `https://${this.vip}` }),
        ...config,
        os: { hostname: `n${number}`, password: "rancher-password", ...config.os },
        install: {
          mode: create ? "create" : "join",
          ...(create ? { vip: this.vip, vip_mode: "static" } : {}),
          ...config.install,
        },
      },
      version,
      (node) => this.#nodes.push(node),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    await this.#children.close();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A machine of a test site and the node that runs on it. */
export class TestMachine {
  readonly context: MachineContext;
  readonly system: InstalledSystem;
  readonly screen: string[] = [];
  readonly power: string[] = [];

  constructor(
    private readonly site: TestSite,
    number: number,
    config: HarvesterConfig,
    version: string,
    private readonly track: (node: HarvesterNode) => void,
  ) {
    const name = `m${number}`;
    const dir = path.join(site.dir, "machines", name);
    const root = path.join(dir, "disk");
    fs.mkdirSync(path.join(root, "oem"), { recursive: true });
    fs.writeFileSync(path.join(root, "oem/harvester.config"), JSON.stringify(config), { mode: 0o600 });
    this.system = { version, mode: config.install?.mode === "create" ? "create" : "join", config, root };
    this.context = {
      name,
      address: `${site.lab.net}.${10 + number}`,
      dir,
      hardware: hardware(number, site.lab.net),
      assetTag: "",
      console: (line) => this.screen.push(line),
      reboot: (reason) => this.power.push(`reboot: ${reason}`),
      powerOff: (reason) => this.power.push(`off: ${reason}`),
    };
  }

  /** Boots from the disk. */
  async boot(): Promise<HarvesterNode> {
    const node = new HarvesterNode(this.context, this.system, this.site.lab);
    this.track(node);
    await node.start();
    return node;
  }
}

function hardware(number: number, net: string): MachineHardware {
  return {
    name: `m${number}`,
    uuid: `4c4c4544-0051-3610-8052-b4c04f5a323${number}`,
    serial: `SN${number}`,
    manufacturer: "Lab",
    model: "R1",
    biosVersion: "1.0",
    cpuModel: "Lab CPU",
    cores: 16,
    memoryGiB: 64,
    kvm: true,
    bootMode: "UEFI",
    nics: [{ name: "ens1f0", mac: `52:54:00:00:00:0${number}`, speedMbps: 10000 }],
    disks: [
      {
        purpose: "install",
        kernelName: "/dev/sda",
        byId: [`/dev/disk/by-id/ata-LAB_SN${number}`],
        serial: `DSN${number}`,
        model: "LAB SSD",
        protocol: "SATA",
        bytes: 500e9,
      },
    ],
    address: `${net}.${10 + number}`,
    bmcAddress: `${net}.${100 + number}`,
  };
}

/** An answer of the VIP. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes, looked at field by field
  json: any;
}

/** Asks the VIP (or another server) over HTTPS without checking its certificate, unless a CA is given. */
export function ask(
  url: string,
  options: {
    method?: string;
    token?: string;
    body?: unknown;
    headers?: Record<string, string>;
    ca?: string;
  } = {},
): Promise<Answer> {
  const { method = "GET", token, body, headers, ca } = options;
  return new Promise((resolve, reject) => {
    const request = https.request(
      url,
      {
        method,
        ca,
        rejectUnauthorized: ca !== undefined,
        agent: false,
        timeout: 20_000,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            get json() {
              return JSON.parse(text);
            },
          });
        });
      },
    );
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error(`no answer from ${url} in time`)));
    request.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}

/** Logs in at the VIP; the token. */
export async function login(site: TestSite, password: string): Promise<string> {
  const answer = await ask(`https://${site.vip}:17443/v3-public/localProviders/local?action=login`, {
    method: "POST",
    body: { username: "admin", password, responseType: "json" },
  });
  if (answer.status !== 201) throw new Error(`login: ${answer.status} ${answer.body}`);
  return answer.json.token as string;
}

/** Polls until the probe returns something else than undefined or false; errors count as "not yet". */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown = "nothing";
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${String(last)}`);
}

/** Three management nodes, booted one after another, when all of them vote in etcd. */
export async function threeVoters(
  site: TestSite,
): Promise<{ machines: TestMachine[]; nodes: HarvesterNode[] }> {
  const machines = [1, 2, 3].map((number) =>
    site.machine(number, number === 1 ? {} : { install: { role: "management" } }),
  );
  const nodes: HarvesterNode[] = [];
  for (const machine of machines) {
    nodes.push((await machine.boot()) as HarvesterNode);
    if (nodes.length === 1) await clusterReady(site);
  }
  const promoted = () => site.ledger.read().filter(({ event }) => event === "promotion-complete");
  await eventually("three voters", async () => promoted().length === 2);
  return { machines, nodes };
}

/** Waits until the cluster's installation is complete and served at the VIP. */
export async function clusterReady(site: TestSite): Promise<void> {
  await eventually("the cluster at the VIP", async () => {
    return (await ask(`https://${site.vip}:17443/v1/harvester/cluster/local`)).status === 200;
  });
}

/** Runs a command over SSH as the user rancher. */
export async function ssh(
  site: TestSite,
  machine: TestMachine,
  command: string,
  auth: { password?: string; privateKey?: string },
): Promise<{ code: number; stdout: string; stderr: string; hostKey: string }> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let hostKey = "";
    client.on("error", reject);
    client.on("ready", () => {
      client.exec(command, (error, channel) => {
        if (error) return reject(error);
        let [stdout, stderr, code] = ["", "", -1];
        channel.on("data", (data: Buffer) => {
          stdout += data.toString();
        });
        channel.stderr.on("data", (data: Buffer) => {
          stderr += data.toString();
        });
        channel.on("exit", (exit: number) => {
          code = exit;
        });
        channel.on("close", () => {
          client.end();
          resolve({ code, stdout, stderr, hostKey });
        });
      });
    });
    client.connect({
      host: machine.context.address,
      port: site.lab.sshPort,
      username: "rancher",
      hostVerifier: (key: Buffer) => {
        hostKey = key.toString("base64");
        return true;
      },
      ...auth,
    });
  });
}
