/**
 * A site with nodes but without firmware: what lab/cluster needs around it, in a folder of its own.
 */
import * as fs from "node:fs";
import * as https from "node:https";
import * as os from "node:os";
import * as path from "node:path";
import { ChildTable } from "../../../lab/children";
import { ScaledClock } from "../../../lab/clock";
import { HarvesterNode } from "../../../lab/cluster/node";
import { LedgerFile } from "../../../lab/ledger";
import { findFreeNet } from "../../../lab/net";
import { ClusterTable, VipTable } from "../../../lab/registries";
import type {
  HarvesterConfig,
  InstalledSystem,
  LabServices,
  MachineContext,
  MachineHardware,
} from "../../../lab/types";

const BIN = path.join(__dirname, "../../../.toolchain/bin");
/** VIP of the site's cluster. */
const VIP_HOST = 10;

/** A site of a test. */
export class TestSite {
  readonly lab: LabServices;
  readonly ledger: LedgerFile;
  readonly #nodes: HarvesterNode[] = [];
  readonly #children: ChildTable;

  private constructor(
    readonly dir: string,
    net: string,
  ) {
    const clock = new ScaledClock(20);
    this.ledger = new LedgerFile(path.join(dir, "ledger.jsonl"), clock);
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
      binaries: {
        etcd: path.join(BIN, "etcd"),
        etcdctl: path.join(BIN, "etcdctl"),
        kubeApiserver: path.join(BIN, "kube-apiserver"),
      },
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
