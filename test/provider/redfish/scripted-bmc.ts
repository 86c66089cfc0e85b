/** A BMC that does what a test tells it: a Redfish service over HTTPS with sessions, faults and a record of requests. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Issued } from "../net/certificates";

/** A fault: takes the request over by returning true. */
export type Fault = (req: IncomingMessage, res: ServerResponse, body: string) => boolean;

export class ScriptedBmc {
  readonly requests: string[] = [];
  readonly sessions = new Set<string>();
  faults: Fault[] = [];
  password = "hunter22";
  withSessions = true;
  endpoint = "";
  system: Record<string, unknown> = {
    "@odata.id": "/redfish/v1/Systems/1",
    Id: "1",
    Name: "server",
    UUID: "4C4C4544-0044-4810-8031-B4C04F333132",
    SerialNumber: "SN1",
    Manufacturer: "Stand-in",
    Model: "S1",
    BiosVersion: "1.0",
    PowerState: "Off",
    AssetTag: "",
    PowerRestorePolicy: "LastState",
    ProcessorSummary: { Count: 2, CoreCount: 32, LogicalProcessorCount: 64 },
    MemorySummary: { TotalSystemMemoryGiB: 128 },
    Boot: {
      BootSourceOverrideEnabled: "Disabled",
      BootSourceOverrideTarget: "None",
      "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd", "UefiHttp"],
    },
    EthernetInterfaces: { "@odata.id": "/redfish/v1/Systems/1/EthernetInterfaces" },
    Storage: { "@odata.id": "/redfish/v1/Systems/1/Storage" },
    Actions: {
      "#ComputerSystem.Reset": {
        target: "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "GracefulShutdown"],
      },
    },
  };
  readonly #server: Server;

  private constructor(issued: Issued) {
    this.#server = createServer({ cert: issued.cert, key: issued.key }, (req, res) => {
      let body = "";
      req.on("data", (d) => {
        body += d;
      });
      req.on("end", () => this.#answer(req, res, body));
    });
  }

  static async start(issued: Issued): Promise<ScriptedBmc> {
    const bmc = new ScriptedBmc(issued);
    bmc.#server.listen(0, "127.0.0.1");
    await once(bmc.#server, "listening");
    bmc.endpoint = `https://127.0.0.1:${(bmc.#server.address() as AddressInfo).port}`;
    return bmc;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Requests other than GET, without those for sessions. */
  writes(): string[] {
    return this.requests.filter((r) => !r.startsWith("GET ") && !r.includes("/Sessions"));
  }

  #answer(req: IncomingMessage, res: ServerResponse, text: string): void {
    const { method = "", url = "" } = req;
    this.requests.push(`${method} ${url}`);
    const fault = this.faults.find((f) => f(req, res, text));
    if (fault) return;
    const json = (status: number, body?: unknown, headers = {}) =>
      res
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(body && JSON.stringify(body));
    const body = text === "" ? {} : JSON.parse(text);
    if (url === "/redfish/v1/SessionService/Sessions" && method === "POST") {
      if (!this.withSessions) return void json(404);
      if (body.Password !== this.password) return void json(401);
      const token = `token-${Math.random()}`;
      this.sessions.add(token);
      return void json(
        201,
        {},
        { "x-auth-token": token, location: `${this.endpoint}/redfish/v1/Sessions/${token}` },
      );
    }
    const basic = `Basic ${Buffer.from(`admin:${this.password}`).toString("base64")}`;
    const authorised =
      this.sessions.has(String(req.headers["x-auth-token"])) || req.headers.authorization === basic;
    if (!authorised) return void json(401);
    if (url.startsWith("/redfish/v1/Sessions/") && method === "DELETE") {
      this.sessions.delete(url.slice("/redfish/v1/Sessions/".length));
      return void json(204);
    }
    if (url === "/redfish/v1/Systems") {
      return void json(200, { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] });
    }
    if (url === "/redfish/v1/Systems/1" && method === "GET")
      return void json(200, this.system, { etag: '"1"' });
    if (url === "/redfish/v1/Systems/1" && method === "PATCH") {
      this.apply(body);
      return void json(204);
    }
    if (url.endsWith("/Actions/ComputerSystem.Reset")) {
      this.reset(body.ResetType);
      return void json(204);
    }
    const resource = this.resources[url];
    json(resource ? 200 : 404, resource);
  }

  apply(patch: Record<string, unknown>): void {
    this.system = {
      ...this.system,
      ...patch,
      Boot: { ...(this.system.Boot as object), ...(patch.Boot as object) },
    };
  }

  reset(type: string): void {
    this.system.PowerState = type === "On" ? "On" : "Off";
  }

  readonly resources: Record<string, unknown> = {
    "/redfish/v1/Systems/1/EthernetInterfaces": {
      Members: [{ "@odata.id": "/redfish/v1/Systems/1/EthernetInterfaces/nic1" }],
    },
    "/redfish/v1/Systems/1/EthernetInterfaces/nic1": {
      Id: "nic1",
      MACAddress: "52:54:00:AA:BB:01",
      LinkStatus: "LinkUp",
      SpeedMbps: 10000,
    },
    "/redfish/v1/Systems/1/Storage": { Members: [{ "@odata.id": "/redfish/v1/Systems/1/Storage/1" }] },
    "/redfish/v1/Systems/1/Storage/1": {
      Drives: [1, 2].map((n) => ({ "@odata.id": `/redfish/v1/Systems/1/Storage/1/Drives/${n}` })),
    },
    "/redfish/v1/Systems/1/Storage/1/Drives/2": {
      Name: "disk2",
      SerialNumber: "PULLED",
      Status: { State: "Absent" },
    },
    "/redfish/v1/Systems/1/Storage/1/Drives/1": {
      Name: "disk1",
      SerialNumber: "DISK1",
      Model: "M",
      CapacityBytes: 1e12,
      Status: { Health: "OK" },
    },
  };
}
