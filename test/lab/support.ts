import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab, type LabOptions } from "../../lab/lab";
import { findFreeNet, PORTS } from "../../lab/net";
import type {
  HarvesterConfig,
  InstalledSystem,
  MachineContext,
  NodeFactory,
  NodeRuntime,
} from "../../lab/types";

/** Lab speed at which the delays of an installation take some hundredths of a second. */
export const FAST = 3000;

/** A node that does nothing but remember what was done to it. */
export class FakeNode implements NodeRuntime {
  readonly calls: string[] = [];

  constructor(
    readonly context: MachineContext,
    readonly system: InstalledSystem,
  ) {}

  get config(): HarvesterConfig {
    return this.system.config;
  }

  async start(): Promise<void> {
    this.calls.push("start");
  }

  async kill(): Promise<void> {
    this.calls.push("kill");
  }

  async shutdown(): Promise<void> {
    this.calls.push("shutdown");
  }
}

/** Nodes in the order in which machines made them. */
export function fakeNodes(): { nodes: FakeNode[]; factory: NodeFactory } {
  const nodes: FakeNode[] = [];
  const factory: NodeFactory = (context, system) => {
    const node = new FakeNode(context, system);
    nodes.push(node);
    return node;
  };
  return { nodes, factory };
}

/** Waits until a condition holds; the error names what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** An empty folder of a test. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "lab-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A lab whose nodes are fakes; it needs no etcd and no kube-apiserver. */
export async function startTestLab(
  siteDir: string,
  options: Partial<LabOptions> = {},
): Promise<{ lab: Lab; nodes: FakeNode[] }> {
  const { nodes, factory } = fakeNodes();
  const lab = await Lab.start({
    siteDir,
    machines: 2,
    speed: FAST,
    binaries: { etcd: "/none", kubeApiserver: "/none", etcdctl: "/none" },
    nodeFactory: factory,
    ...options,
    net: options.net ?? (await findFreeNet()),
  });
  return { lab, nodes };
}

/** An answer of a BMC. */
export interface RedfishAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  body: any;
}

/** Sends requests to one BMC of a lab, with its certificate checked. */
export class RedfishClient {
  constructor(
    private readonly lab: Lab,
    private readonly machine: string,
    private readonly auth: { basic?: string; token?: string } = {},
  ) {}

  static operator(lab: Lab, machine: string): RedfishClient {
    return new RedfishClient(lab, machine, { basic: `admin:${bmcPassword(lab)}` });
  }

  get system(): string {
    return `/redfish/v1/Systems/${this.lab.machine(this.machine).hardware.uuid}`;
  }

  async call(method: string, path: string, body?: unknown): Promise<RedfishAnswer> {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (this.auth.token !== undefined) headers["x-auth-token"] = this.auth.token;
    return await new Promise((resolve, reject) => {
      const call = request(
        {
          host: this.lab.machine(this.machine).hardware.bmcAddress,
          port: PORTS.bmc,
          method,
          path,
          headers,
          auth: this.auth.basic,
          ca: readFileSync(join(this.lab.services.siteDir, "ca.pem")),
          agent: false,
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.once("end", () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text === "" ? undefined : JSON.parse(text),
            });
          });
        },
      );
      call.once("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  reset(type: string): Promise<RedfishAnswer> {
    return this.call("POST", `${this.system}/Actions/ComputerSystem.Reset`, { ResetType: type });
  }

  /** What an installer of machines does: one-time network boot. */
  bootOnce(uri: string): Promise<RedfishAnswer> {
    const Boot = {
      BootSourceOverrideEnabled: "Once",
      BootSourceOverrideTarget: "UefiHttp",
      HttpBootUri: uri,
    };
    return this.call("PATCH", this.system, { Boot });
  }
}

/** The password of the lab's BMCs. */
export function bmcPassword(lab: Lab): string {
  return readFileSync(lab.secrets.bmcPassword, "utf8").trim();
}
