import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { callLab } from "../../lab/client";
import type { Lab } from "../../lab/lab";
import { findFreeNet, PORTS } from "../../lab/net";
import { BootServer, createConfig } from "./boot-server";
import { type FakeNode, RedfishClient, startTestLab, temporaryFolder, until } from "./support";

describe("lab", () => {
  let lab: Lab;
  let nodes: FakeNode[];
  let boot: BootServer;
  const folder = temporaryFolder();

  before(async function () {
    this.timeout(120_000); // the first run on a machine installs the BMC's Python packages
    boot = await BootServer.start();
    ({ lab, nodes } = await startTestLab(folder.path, { sampleEtcd: true }));
  });

  after(async () => {
    await lab.stop();
    await boot.stop();
    folder.remove();
  });

  it("keeps a record of the quorum from its start, empty while there is no etcd", async () => {
    await until("a look", () => lab.quorumRecord().samples > 0);
    const { states, belowQuorum, lowestHealthy } = lab.quorumRecord();
    assert.deepEqual([states, belowQuorum, lowestHealthy], [[], [], undefined]);
  });

  it("takes a machine from the BMC over the network to a node that runs from its disk", async () => {
    const bmc = RedfishClient.operator(lab, "m1");
    const config = createConfig(boot, lab.services.net);
    boot.config = config;
    assert.equal((await bmc.bootOnce(boot.bootUri)).status, 204);
    assert.equal((await bmc.reset("On")).status, 204);
    await until("the node runs", () => nodes.length === 1 && lab.machine("m1").status().phase === "os");

    assert.deepEqual(boot.paths(), [
      "GET /boot/ipxe.efi",
      "GET /boot/autoexec.ipxe",
      "GET /release/harvester-v1.6.1-vmlinuz-amd64",
      "GET /release/harvester-v1.6.1-initrd-amd64",
      "GET /release/harvester-v1.6.1-rootfs-amd64.squashfs",
      "GET /boot/config.yaml",
      "POST /boot/events/STARTED",
      "HEAD /release/harvester-v1.6.1-amd64.iso",
      "GET /release/harvester-v1.6.1-amd64.iso",
      "POST /boot/events/SUCCEEDED",
    ]);
    assert.ok(boot.seen.every(({ from }) => from === `${lab.services.net}.11`));
    const started = boot.seen.find(({ path }) => path === "/boot/events/STARTED");
    assert.deepEqual(JSON.parse(started?.body ?? ""), { host: "n1", ip: `${lab.services.net}.11` });

    const [node] = nodes;
    assert.equal(node?.system.version, "v1.6.1");
    assert.equal(node?.system.mode, "create");
    assert.equal(node?.context.address, `${lab.services.net}.11`);
    assert.equal(node?.config.token, "a test's token");
    assert.equal(node?.config.install?.vip, `${lab.services.net}.10`);
    assert.match(
      readFileSync(join(node?.system.root ?? "", "oem", "harvester.config"), "utf8"),
      /^schemeversion: 1$/m,
    );

    const events = lab.ledger
      .read()
      .filter(({ machine }) => machine === "m1")
      .map(({ event }) => event);
    assert.deepEqual(events, [
      "boot-override",
      "reset",
      "power-on",
      "boot-override-used",
      "netboot",
      "config-fetched",
      "install-started",
      "disk-wiped",
      "disk-wiped",
      "installed",
      "reboot",
    ]);
    const { body } = await bmc.call("GET", bmc.system);
    assert.equal(body.PowerState, "On");
    assert.equal(body.HostName, "n1");
    assert.equal(body.Boot.BootSourceOverrideEnabled, "Disabled");
  });

  it("goes on where it was stopped", async function () {
    this.timeout(30_000);
    const { net } = lab.services;
    await lab.stop();
    assert.ok(nodes[0]?.calls.includes("shutdown"));
    assert.ok(!existsSync(join(folder.path, "lab.sock")));
    ({ lab, nodes } = await startTestLab(folder.path, { net }));
    await until("the node runs again", () => nodes.length === 1);
    assert.equal(lab.machine("m2").state.power, "Off");
    assert.equal(nodes[0]?.config.os?.hostname, "n1");
  });

  it("refuses a second lab in the same folder", async () => {
    await assert.rejects(
      startTestLab(folder.path, { net: lab.services.net }),
      /a lab already runs in .*npm stop/,
    );
  });

  it("refuses to become another site", async () => {
    await assert.rejects(startTestLab(folder.path, { machines: 3 }), /was made with net .* and 2 machines/);
  });

  it("names the address, the port and the way out when a port is taken", async () => {
    const net = await findFreeNet();
    const other = temporaryFolder();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(PORTS.bmc, `${net}.102`, resolve));
    try {
      await assert.rejects(
        startTestLab(other.path, { net }),
        new RegExp(`${net}.102 port ${PORTS.bmc}, wanted for the BMC of m2.*--net`),
      );
      assert.ok(!existsSync(join(other.path, "lab.pid")));
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
      other.remove();
    }
  });

  it("says so when its folder's path is too long for a unix socket", async () => {
    const siteDir = join(folder.path, "x".repeat(100));
    await assert.rejects(
      startTestLab(siteDir, { net: await findFreeNet() }),
      /too long for a unix socket.*--dir/,
    );
  });

  it("keeps its secrets to the user", () => {
    for (const name of ["bmc-password", "admin-password", "ssh_ed25519"]) {
      assert.equal(statSync(join(folder.path, "secrets", name)).mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(folder.path).mode & 0o077, 0);
    assert.match(readFileSync(lab.secrets.sshPublicKey, "utf8"), /^ssh-ed25519 AAAA/);
  });

  it("cuts power and switches it on over the control socket", async () => {
    await callLab(folder.path, "POST", "/power/m1", { action: "cut" });
    assert.equal(lab.machine("m1").state.power, "Off");
    assert.deepEqual(nodes.at(-1)?.calls, ["start", "kill"]);
    await callLab(folder.path, "POST", "/power/m1", { action: "on" });
    await until("the node runs again", () => nodes.length === 2);
    await assert.rejects(
      callLab(folder.path, "POST", "/power/m9", { action: "on" }),
      /no machine "m9"; it has m1, m2/,
    );
  });

  it("serves the files of a release", async () => {
    const base = `http://${lab.services.net}.1:${PORTS.artifacts}/harvester/v1.6.1`;
    const sums = await (await fetch(`${base}/harvester-v1.6.1-amd64.sha512`)).text();
    assert.equal(sums.trim().split("\n").length, 4);
    assert.match(await (await fetch(`${base}/version.yaml`)).text(), /isoURL: http:\/\/127/);
    assert.equal((await fetch(`${base}/harvester-v1.6.2-amd64.iso`)).status, 404);
  });
});
