/** Bad input is refused before anything is touched, with the property and the rule, through the real engine (P10). */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { FaultName } from "../../lab/faults/table";
import { WatchedRuns } from "./watched";
import { type Loose, type Run, World } from "./world";

const WRONG_PASSWORD = "not the password";

interface Case {
  what: string;
  edit: (config: { cluster: Loose; objects: Loose }) => void;
  says: RegExp[];
  /** Hardware is looked at where something is to be done to it. @default preview */
  verb?: "preview" | "up";
}

describe("bad input is refused before anything is touched", function () {
  this.timeout(60_000);
  let world: World;
  let watched: WatchedRuns;

  before(async () => {
    world = await World.start();
    watched = new WatchedRuns(world);
  });
  after(() => world?.stop());

  const cases: Case[] = [
    {
      what: "a VIP outside the subnet",
      edit: ({ cluster }) => {
        cluster.vip.address = "127.1.2.3";
      },
      says: [/cluster\.vip\.address/, /\(rule [a-z-]+\)/],
    },
    {
      what: "two nodes on one BMC",
      edit: ({ cluster }) => {
        const { n1 } = cluster.nodes;
        cluster.nodes.n2 = { ...structuredClone(n1), address: n1.address.replace(/11$/, "12") };
      },
      says: [/cluster\.nodes\.n2\.bmc\.endpoint/, /\(rule [a-z-]+\)/],
    },
    {
      what: "a misspelt property",
      edit: ({ cluster }) => {
        cluster.managmentNetwork = cluster.managementNetwork;
        delete cluster.managementNetwork;
      },
      says: [/managmentNetwork/, /managementNetwork/],
    },
    {
      what: "the UUID of another host",
      edit: ({ cluster }) => {
        cluster.nodes.n1.hardware.uuid = "11111111-2222-4333-8444-555555555555";
      },
      says: [/node\.hardware/, /endpoint/],
    },
    {
      what: "a BMC whose certificate nobody vouches for",
      edit: ({ cluster }) => {
        delete cluster.nodes.n1.bmc.tls;
      },
      says: [/tls\.ca/],
    },
    {
      what: "a wrong BMC password",
      edit: ({ cluster }) => {
        cluster.nodes.n1.bmc.password = WRONG_PASSWORD;
      },
      says: [/bmc/, /password/],
    },
    {
      what: "a disk that the machine does not have",
      edit: ({ cluster }) => {
        cluster.nodes.n1.disks.data = {
          device: "/dev/disk/by-id/nvme-LAB_NVME_1T_P7NLAB9999B",
          serial: "P7NLAB9999B",
        };
      },
      says: [/node\.disks/, /P7NLAB9999B/],
    },
  ];

  /** What only the hardware can tell: a fault of it, and what an `up` says. */
  const faults: { fault: [FaultName, ...string[]]; edit?: Case["edit"]; says: RegExp[] }[] = [
    { fault: ["bmc-certificate"], says: [/certificate/, /bmc\.tls/] },
    {
      fault: ["bmc-silent"],
      // Somebody waits for an `up` much longer than a test may.
      edit: ({ cluster }) => {
        cluster.installTimeout = "15s";
      },
      says: [/n1/, /did not (answer|end)|no answer/],
    },
    {
      fault: ["hardware", "cores=4", "memory=16", "nic-speed=100"],
      says: [/preflight-processors/, /preflight-memory/, /preflight-nic/, /without a word/],
    },
    { fault: ["disk-small"], says: [/node\.disks\.install/, /preflight-disk/, /100 GiB/] },
    { fault: ["disk-missing"], says: [/node\.disks/, /S4XLAB0001A/] },
  ];
  for (const { fault, edit = () => undefined, says } of faults) {
    it(`${fault.join(" ")}, at up`, async () => {
      const [name, ...args] = fault;
      await world.lab.fault("m1", name, args);
      try {
        assertRefused(await world.edited(edit, () => world.pulumi(["up", "--yes", "--skip-preview"])), says);
      } finally {
        await world.lab.clearFault("m1");
      }
    });
  }

  it("too few cores with skipChecks, at preview: accepted", async () => {
    await world.lab.fault("m1", "hardware", ["cores=4"]);
    try {
      const edit: Case["edit"] = ({ cluster }) => {
        cluster.skipChecks = true;
      };
      const run = await world.edited(edit, () => world.pulumi(["preview"]));
      assert.equal(run.code, 0, run.output);
    } finally {
      await world.lab.clearFault("m1");
    }
  });

  for (const { what, edit, says, verb = "preview" } of cases) {
    it(`${what}, at ${verb}`, async () => {
      const run = await world.edited(edit, () => world.pulumi(verb === "up" ? ["up", "--yes"] : [verb]));
      assertRefused(run, says);
    });
  }

  it("a wrong BMC password, at up: nowhere is it, or the right one, to be found (P9)", async () => {
    const file = join(world.siteDir, "secrets", "wrong-password");
    writeFileSync(file, WRONG_PASSWORD, { mode: 0o600 });
    const edit: Case["edit"] = ({ cluster }) => {
      cluster.nodes.n1.bmc.password = { secretFromFile: file };
    };
    const up = ["up", "--yes", "--skip-preview"];
    assertRefused(await world.edited(edit, () => watched.run(up)), [/refused the login/, /bmc\.password/]);
    assert(watched.commands.some((command) => command.includes("pulumi-resource-metal")));
    await watched.keepsTheirSecrets();
    watched.keepsSecret("wrong BMC password", WRONG_PASSWORD);
    assert.deepEqual(watched.leaks(), []);
  });

  it("a boot server's port that another program holds, with nothing done to the machine", async () => {
    const { address, port } = world.bootServer;
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, address, resolve));
    try {
      assertRefused(await world.pulumi(["up", "--yes", "--skip-preview"]), [
        /bootServer/,
        new RegExp(`${port}`),
      ]);
    } finally {
      holder.close();
    }
  });

  function assertRefused(run: Run, says: RegExp[]): void {
    assert.notEqual(run.code, 0, `it was not refused:\n${run.output}`);
    for (const pattern of says) assert.match(run.output, pattern);
    assert(!run.output.includes(WRONG_PASSWORD));
    assert.deepEqual(world.bmcWrites(), []);
    assert.equal(world.machine.state.power, "Off");
    assert.equal(world.machine.state.assetTag, "");
  }
});
