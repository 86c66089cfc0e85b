import assert from "node:assert/strict";
import {
  type AdoptedDescription,
  describeCluster,
  type FoundBmc,
  type FoundNode,
  matchHosts,
  readInstalledConfiguration,
} from "../../../model/adoption";
import { validateDescription } from "../../../model/validate";
import { bmc, cluster, host, node } from "./found";

function describeFound(nodes: FoundNode[], bmcs: FoundBmc[]): AdoptedDescription {
  return describeCluster(cluster(nodes), matchHosts(nodes, bmcs).bmcs, {
    name: "prod",
    bootServer: "192.0.2.5",
    adminPassword: { secretFromEnv: "HARVESTER_ADMIN_PASSWORD" },
    sshPrivateKey: { secretFromFile: "key" },
    ownLabels: "harvester-stack.io/",
  });
}

function failed({ findings }: AdoptedDescription): string[] {
  return findings
    .filter(({ result }) => result === "fail")
    .map(({ subject, check, detail }) => `${subject} ${check}: ${detail}`);
}

describe("describing a running cluster", () => {
  it("gives a description that a preview accepts, with secrets as references", () => {
    const found = describeFound([node(1), node(2), node(3)], [bmc(1), bmc(2), bmc(3)]);
    assert.deepEqual(failed(found), []);
    assert.equal(found.creator, "n1");
    const { access, nodes, ...rest } = found.cluster;
    assert.deepEqual(access, {
      adminPassword: { secretFromEnv: "HARVESTER_ADMIN_PASSWORD" },
      sshPrivateKey: { secretFromFile: "key" },
    });
    assert.deepEqual(rest.managementNetwork, {
      subnet: "192.0.2.0/25",
      gateway: "192.0.2.1",
      vlanId: 20,
      dnsNameservers: ["192.0.2.2"],
    });
    assert.deepEqual(nodes.n2, {
      role: "management",
      address: "192.0.2.12",
      interfaces: [{ name: "ens1f0", hwAddr: "a0:36:9f:10:02:00" }, { hwAddr: "a0:36:9f:10:02:01" }],
      hardware: { uuid: "4c4c4544-0037-3510-8054-b7c04f4d4332", serial: "SN2" },
      bmc: { endpoint: "https://192.0.2.132", user: "admin", password: { secretFromEnv: "BMC_PASSWORD" } },
      disks: {
        install: { device: "/dev/disk/by-id/ata-SSD_DISK2A", serial: "DISK2A" },
        data: { device: "/dev/disk/by-id/nvme-DISK2B", serial: "DISK2B" },
      },
    });
    assert.deepEqual(
      validateDescription(resolved(found.cluster)).map(({ rule }) => rule),
      [],
    );
  });

  it("the creator comes first, then the control plane by age, then the others", () => {
    const worker = node(1, { name: "w", controlPlane: false, etcd: false, host: host(2) });
    const creator = node(3, { host: host(1), created: 9000 });
    const { cluster: described } = describeFound([worker, node(2), creator], []);
    assert.deepEqual(Object.keys(described.nodes), ["n3", "n2", "w"]);
  });

  it("where the machine that created it is gone, nobody is the creator", () => {
    const found = describeFound([node(2), node(3)], [bmc(2), bmc(3)]);
    assert.equal(found.creator, undefined);
    assert(found.findings.some(({ check, result }) => check === "creator" && result === "warn"));
  });

  it("a name with dots becomes a hostname under a key of its own", () => {
    const nodes = [node(1, { name: "a.rack1.example" }), node(2, { name: "a.rack2.example" })];
    const { cluster: described } = describeFound(nodes, []);
    assert.deepEqual(
      Object.entries(described.nodes).map(([key, { hostname }]) => [key, hostname]),
      [
        ["a", "a.rack1.example"],
        ["a-2", "a.rack2.example"],
      ],
    );
  });

  const roles = {
    "node-role.harvesterhci.io/management": "true",
    "node-role.harvesterhci.io/worker": "true",
  };
  const noDevice = { ...host(1).installed };
  delete noDevice.device;
  const cases: [string, FoundNode[], FoundBmc[], RegExp][] = [
    [
      "nodes of several versions",
      [node(1), node(2, { version: "v1.5.1" })],
      [bmc(1), bmc(2)],
      /^cluster version: .*n1 v1\.6\.1, n2 v1\.5\.1/,
    ],
    [
      "a node that tells no version",
      [node(1, { version: "" })],
      [bmc(1)],
      /^cluster version: .*n1 does not say/,
    ],
    [
      "two roles",
      [node(1, { labels: roles })],
      [bmc(1)],
      /^n1 role: it is labelled as management and worker/,
    ],
    [
      "a disk that the BMC does not list",
      [node(1)],
      [bmc(1, { drives: ["OTHER"] })],
      /^n1 disks: its BMC does not list DISK1A, DISK1B; it lists OTHER/,
    ],
    [
      "a disk without a serial number",
      [node(1, { host: host(1, { disks: [{ device: "/dev/sda", serial: "", links: [] }] }) })],
      [bmc(1)],
      /^n1 disks: it was installed on \/dev\/sda, .*without a serial number/,
    ],
    [
      "an installation that names no disk",
      [node(1, { host: host(1, { installed: noDevice }) })],
      [bmc(1)],
      /^n1 disks: its install configuration names no device/,
    ],
  ];
  for (const [what, nodes, bmcs, expected] of cases) {
    it(`leaves to a person: ${what}`, () => {
      const found = failed(describeFound(nodes, bmcs));
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, expected);
    });
  }

  it("a node that could not be read says why", () => {
    const { host: _host, ...unread } = node(1);
    const found = failed(describeFound([{ ...unread, unread: "connection refused" }], [bmc(1)]));
    assert.match(found.join("\n"), /n1 system: .*connection refused/);
  });

  it("disks that the list names are taken as they are", () => {
    const disks = { install: { device: "/dev/disk/by-path/pci-0", serial: "X1" } };
    const found = describeFound([node(1)], [bmc(1, { drives: ["OTHER"] }, { disks })]);
    assert.deepEqual(failed(found), []);
    assert.deepEqual(found.cluster.nodes.n1!.disks, disks);
  });

  it("what the nodes were installed with differently is shown, and decides nothing", () => {
    const other = { ...host(2).installed, ntpServers: ["192.0.2.9"], hasEnvironment: true };
    const found = describeFound(
      [node(1), node(2, { host: host(2, { installed: other }) })],
      [bmc(1), bmc(2)],
    );
    assert.deepEqual(failed(found), []);
    const shown = found.findings.filter(({ result }) => result === "warn");
    assert.deepEqual(
      shown.map(({ subject, check }) => `${subject} ${check}`),
      ["n2 os", "n2 os.environment"],
    );
  });
});

describe("an install configuration as a node keeps it", () => {
  const asWritten = `
token: the cluster's own secret
os:
  sshauthorizedkeys: [ssh-ed25519 AAAA]
  dnsnameservers: [192.0.2.2]
  password: $6$hash
  environment: {http_proxy: "http://user:secret@192.0.2.9"}
install:
  mode: join
  device: /dev/sda
  datadisk: /dev/sdb
  managementinterface:
    interfaces: [{name: ens1f0, hwaddr: "A0:36:9F:10:01:00"}]
    method: static
    vlanid: 20
    bondoptions: {mode: 802.3ad, secretFromFile: /etc/shadow}
`;

  it("is read in Harvester's own spelling, and in any other that it accepts", () => {
    const read = readInstalledConfiguration(asWritten);
    assert.equal(read.dataDisk, "/dev/sdb");
    assert.deepEqual(read.network.interfaces, [{ name: "ens1f0", hwAddr: "a0:36:9f:10:01:00" }]);
    assert.equal(read.network.vlanId, 20);
    const snake = asWritten
      .replace("datadisk", "data_disk")
      .replace("managementinterface", "management_interface");
    assert.deepEqual(readInstalledConfiguration(snake), read);
  });

  it("gives no secret away, and nothing in it becomes a reference to a file of the operator's", () => {
    const read = readInstalledConfiguration(asWritten);
    assert.doesNotMatch(JSON.stringify(read), /secret|hash/);
    assert.deepEqual(read.network.bondOptions, { mode: "802.3ad" });
    assert.equal(read.hasEnvironment, true);
  });
});

/** The description with a value in place of each reference. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== "object") return value;
  const [[key] = []] = Object.entries(value);
  if (key === "secretFromEnv") return "a password of sixteen";
  if (key === "secretFromFile") {
    return "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----";
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolved(item)]));
}
