import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as https from "node:https";
import * as path from "node:path";
import { utils } from "ssh2";
import { parse } from "yaml";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { Counter } from "../../e2e/counter";
import { ask, clusterReady, eventually, login, ssh, type TestMachine, TestSite } from "./support";

const PASSWORD = "a long enough password";
const operator = utils.generateKeyPairSync("ed25519");
const configuredHostKey = utils.generateKeyPairSync("ed25519");

describe("a node that creates a cluster", function () {
  this.timeout(120_000);
  let site: TestSite;
  let machine: TestMachine;
  let node: HarvesterNode;
  let vip: string;

  before(async () => {
    site = await TestSite.create();
    vip = `https://${site.vip}:17443`;
    machine = site.machine(1, {
      os: {
        hostname: "n1",
        password: "rancher-password",
        ssh_authorized_keys: [operator.public],
        ntp_servers: ["ntp.example"],
        labels: { "topology.kubernetes.io/zone": "z1" },
        write_files: [
          { path: "/etc/ssh/ssh_host_ed25519_key", content: configuredHostKey.private, permissions: "0600" },
        ],
      },
      system_settings: { "overcommit-config": '{"cpu":1000,"memory":150,"storage":100}' },
    });
    node = await machine.boot();
    await clusterReady(site);
  });

  after(async () => site?.stop());

  /** A request to the Kubernetes API through the VIP, as the user of the token. */
  async function kube(token: string, path: string, options: { method?: string; body?: unknown } = {}) {
    const type = options.method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return ask(`${vip}/k8s/clusters/local${path}`, { token, ...options, headers: { "content-type": type } });
  }

  async function currentToken(): Promise<string> {
    return login(site, PASSWORD).catch(() => login(site, "admin"));
  }

  it("answers at the VIP with a certificate of its own CA", async () => {
    assert.equal((await ask(`${vip}/ping`)).body, "pong");
    const ca = (await ask(`${vip}/cacerts`)).body;
    assert.match(new X509Certificate(ca).subject, /^CN=dynamiclistener-ca@/);
    assert.equal((await ask(`${vip}/ping`, { ca })).body, "pong");
    assert.equal((await ask(`${vip}/version`)).json.Version, "v2.12.2");
    assert.equal(site.lab.vip.holder(site.vip), "m1");
  });

  it("changes the bootstrap password by Rancher's rules, and keeps no password in clear", async () => {
    const token = await login(site, "admin");
    const me = await ask(`${vip}/v3/users?me=true`, { token });
    assert.equal(me.json.data[0].mustChangePassword, true);
    const change = (currentPassword: string, newPassword: string) =>
      ask(`${vip}/v3/users?action=changepassword`, {
        method: "POST",
        token,
        body: { currentPassword, newPassword },
      });
    const short = await change("admin", "short");
    assert.deepEqual([short.status, short.json.message], [422, "Password must be at least 12 characters"]);
    assert.equal((await change("wrong", PASSWORD)).status, 422);
    assert.equal((await change("admin", PASSWORD)).status, 200);
    await assert.rejects(login(site, "admin"), /401/);
    const fresh = await login(site, PASSWORD);
    assert.equal(
      (await ask(`${vip}/v3/users?me=true`, { token: fresh })).json.data[0].mustChangePassword,
      false,
    );
    assert.equal(site.ledger.read().filter((entry) => entry.event === "password-changed").length, 1);
    for (const file of filesBelow(site.dir)) assert.ok(!fs.readFileSync(file).includes(PASSWORD), file);
  });

  it("hands out a kubeconfig whose token works through the VIP until it is revoked", async () => {
    const token = await currentToken();
    const answer = await ask(`${vip}/v1/management.cattle.io.clusters/local?action=generateKubeconfig`, {
      method: "POST",
      token,
    });
    const config = parse(answer.json.config);
    assert.equal(config.clusters[0].cluster.server, `https://${site.vip}/k8s/clusters/local`);
    const ca = Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString();
    const bearer: string = config.users[0].user.token;
    const nodes = await ask(`${vip}/k8s/clusters/local/api/v1/nodes`, { token: bearer, ca });
    assert.equal(nodes.json.items.length, 1);
    assert.equal((await kube(bearer.slice(0, -1), "/api/v1/nodes")).status, 401);
    assert.equal((await ask(`${vip}/v3/tokens?action=logout`, { method: "POST", token })).status, 200);
    assert.equal((await kube(token, "/api/v1/nodes")).status, 401);
  });

  it("shows a Node that carries what a real one carries", async () => {
    const token = await currentToken();
    const found = await eventually("the Node to be complete", async () => {
      const shown = (await kube(token, "/api/v1/nodes/n1")).json;
      return shown.metadata.annotations["cluster.x-k8s.io/machine"] && !shown.spec.taints ? shown : undefined;
    });
    const { labels, annotations } = found.metadata;
    for (const role of ["control-plane", "etcd", "master"])
      assert.equal(labels[`node-role.kubernetes.io/${role}`], "true");
    assert.equal(labels["node-role.harvesterhci.io/management"], "true");
    assert.equal(labels["harvesterhci.io/managed"], "true");
    assert.equal(labels["topology.kubernetes.io/zone"], "z1");
    assert.match(annotations["etcd.rke2.cattle.io/node-name"], /^n1-[0-9a-f]{8}$/);
    const { nodeInfo, conditions, addresses } = found.status;
    assert.equal(nodeInfo.systemUUID, machine.context.hardware.uuid);
    assert.equal(nodeInfo.kubeletVersion, "v1.33.5+rke2r1");
    assert.equal(nodeInfo.osImage, "Harvester v1.6.1");
    assert.deepEqual(addresses[0], { type: "InternalIP", address: machine.context.address });
    const status = Object.fromEntries(
      conditions.map((c: { type: string; status: string }) => [c.type, c.status]),
    );
    assert.equal(status.Ready, "True");
    assert.equal(status.EtcdIsVoter, "True");

    const machines = (await kube(token, "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet-local/machines"))
      .json.items;
    assert.equal(machines.length, 1);
    assert.equal(machines[0].metadata.name, annotations["cluster.x-k8s.io/machine"]);
    assert.equal(machines[0].metadata.labels["rke.cattle.io/control-plane-role"], "true");
    assert.equal(machines[0].status.phase, "Running");
    assert.equal(machines[0].status.nodeRef.name, "n1");
  });

  it("has Harvester's objects, with the values of the installation", async () => {
    const token = await currentToken();
    const value = async (name: string) =>
      (await kube(token, `/apis/harvesterhci.io/v1beta1/settings/${name}`)).json.value;
    assert.equal(await value("server-version"), "v1.6.1");
    assert.equal(await value("ntp-servers"), '{"ntpServers":["ntp.example"]}');
    assert.equal(await value("overcommit-config"), '{"cpu":1000,"memory":150,"storage":100}');
    assert.equal(await value("backup-target"), "");
    const vipMap = (await kube(token, "/api/v1/namespaces/harvester-system/configmaps/vip")).json;
    assert.equal(vipMap.data.ip, site.vip);
    const service = (await kube(token, "/api/v1/namespaces/kube-system/services/ingress-expose")).json;
    assert.equal(service.status.loadBalancer.ingress[0].ip, site.vip);
    assert.equal(service.metadata.annotations["kube-vip.io/vipHost"], "n1");
    const chart = (
      await kube(token, "/apis/management.cattle.io/v3/namespaces/fleet-local/managedcharts/harvester")
    ).json;
    assert.ok(
      chart.status.conditions.some(
        (c: { type: string; status: string }) => c.type === "Ready" && c.status === "True",
      ),
    );
    const clusters = "/apis/provisioning.cattle.io/v1/namespaces/fleet-local/clusters/local";
    assert.equal((await kube(token, clusters)).json.status.ready, true);
  });

  it("validates kinds as upstream does", async () => {
    const token = await currentToken();
    const path = "/apis/node.harvesterhci.io/v1beta1/cloudinits";
    const object = { apiVersion: "node.harvesterhci.io/v1beta1", kind: "CloudInit", metadata: { name: "c" } };
    const bad = await kube(token, path, {
      method: "POST",
      body: { ...object, spec: { filename: "99-x.yaml" } },
    });
    assert.equal(bad.status, 422);
    const spec = {
      filename: "99-x.yaml",
      contents: "name: x\n",
      matchSelector: { "harvesterhci.io/managed": "true" },
    };
    assert.equal((await kube(token, path, { method: "POST", body: { ...object, spec } })).status, 201);
  });

  it("passes watches on as they come", async () => {
    const token = await currentToken();
    const seen: string[] = [];
    const request = https.get(
      `${vip}/k8s/clusters/local/api/v1/namespaces/default/configmaps?watch=true`,
      { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false, agent: false },
      (response) => response.on("data", (chunk: Buffer) => seen.push(chunk.toString())),
    );
    request.on("error", () => undefined);
    try {
      await kube(token, "/api/v1/namespaces/default/configmaps", {
        method: "POST",
        body: { metadata: { name: "watched" } },
      });
      await eventually(
        "the event of the new object",
        async () => seen.join("").includes('"watched"'),
        10_000,
      );
    } finally {
      request.destroy();
    }
  });

  it("names the user, not Rancher, in the audit log, so that writes can be counted", async () => {
    const token = await currentToken();
    const user = token && ((await ask(`${vip}/v3/users?me=true`, { token })).json.data[0].id as string);
    const writes = () =>
      auditOf(site, "m1").filter(
        (e) => e.impersonatedUser?.username === user && !["get", "list", "watch"].includes(e.verb as string),
      ).length;
    const before = writes();
    await kube(token, "/api/v1/nodes");
    await kube(token, "/api/v1/namespaces/default/configmaps", {
      method: "POST",
      body: { metadata: { name: "counted" } },
    });
    assert.equal(writes(), before + 1);
  });

  it("gives a node's own credentials no look at other nodes' pods", async () => {
    const file = (name: string) =>
      fs.readFileSync(path.join(machine.system.root, "var/lib/rancher/rke2/agent", name));
    const asNode = (query: string) =>
      new Promise<number>((resolve, reject) => {
        const options = {
          cert: file("client-kubelet.crt"),
          key: file("client-kubelet.key"),
          ca: file("server-ca.crt"),
          agent: false as const,
        };
        https
          .get(`${node.server?.api.url}/api/v1/pods${query}`, options, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .on("error", reject);
      });
    assert.equal(await asNode(""), 403);
    assert.equal(await asNode("?fieldSelector=spec.nodeName%3Dn1"), 200);
  });

  it("lets rancher in over SSH by key or password, and nobody else, with the configured host key", async () => {
    const byKey = await ssh(site, machine, "hostname", { privateKey: operator.private });
    assert.deepEqual([byKey.code, byKey.stdout], [0, "n1\n"]);
    assert.ok(configuredHostKey.public.includes(byKey.hostKey));
    assert.equal((await ssh(site, machine, "whoami", { password: "rancher-password" })).stdout, "rancher\n");
    await assert.rejects(ssh(site, machine, "true", { password: "wrong" }), /authentication/);
    const stranger = utils.generateKeyPairSync("ed25519").private;
    await assert.rejects(ssh(site, machine, "true", { privateKey: stranger }), /authentication/);
  });

  it("knows the commands an operator uses there", async () => {
    const run = (command: string) => ssh(site, machine, command, { privateKey: operator.private });
    assert.match((await run("cat /etc/rancher/rke2/rke2.yaml")).stderr, /Permission denied/);
    const kubeconfig = parse((await run("sudo cat /etc/rancher/rke2/rke2.yaml")).stdout);
    assert.equal(kubeconfig.clusters[0].cluster.server, node.server?.api.url);
    assert.equal((await run("docker ps")).code, 127);
    const members = await run(
      "sudo /var/lib/rancher/rke2/bin/etcdctl --cacert /x --cert /y --key /z member list -w json",
    );
    assert.match(JSON.parse(members.stdout).members[0].name, /^n1-/);
    assert.equal(JSON.parse((await run("sudo smartctl -j -a /dev/sda")).stdout).smart_status.passed, true);
    assert.equal((await run("sudo systemctl is-active rke2-server")).stdout, "active\n");
    assert.equal((await run("sudo systemctl reboot")).code, 0);
    assert.deepEqual(machine.power, ["reboot: reboot over SSH"]);
  });

  it("saves a snapshot that is a whole etcd database", async () => {
    const run = (command: string) => ssh(site, machine, command, { privateKey: operator.private });
    const saved = await run("sudo /opt/rke2/bin/rke2 etcd-snapshot save --name before");
    const name = /Snapshot (before-n1-\d+) saved/.exec(saved.stdout)?.[1];
    assert.ok(name, saved.stderr);
    const file = path.join(machine.system.root, "var/lib/rancher/rke2/server/db/snapshots", name);
    const bytes = fs.readFileSync(file);
    assert.equal(bytes.readUInt32LE(16), 0xed0cdaed, "a bolt database");
    assert.deepEqual(createHash("sha256").update(bytes.subarray(0, -32)).digest(), bytes.subarray(-32));
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.match((await run("sudo /opt/rke2/bin/rke2 etcd-snapshot ls")).stdout, new RegExp(name));
  });

  it("keeps its keys readable by their owner only", () => {
    for (const file of filesBelow(machine.system.root)) {
      if (/\.key$|token$|rke2\.yaml$|_key$/.test(file)) assert.equal(fs.statSync(file).mode & 0o077, 0, file);
    }
  });

  it("comes back with its data after a power cut, with every write that it has acknowledged", async () => {
    const token = await currentToken();
    const password = await login(site, PASSWORD).then(
      () => PASSWORD,
      () => "admin",
    );
    const counter = await Counter.start({ vipUrl: vip, secret: () => password });
    await eventually("some writes", async () => counter.acknowledged >= 3);
    await kube(token, "/api/v1/namespaces/default/configmaps", {
      method: "POST",
      body: { metadata: { name: "kept" } },
    });
    const uid = (await kube(token, "/api/v1/nodes/n1")).json.metadata.uid;
    await node.kill();
    await assert.rejects(ask(`${vip}/ping`));
    assert.equal(site.lab.vip.holder(site.vip), undefined);
    node = await machine.boot();
    await clusterReady(site);
    assert.equal((await kube(token, "/api/v1/namespaces/default/configmaps/kept")).status, 200);
    assert.equal((await kube(token, "/api/v1/nodes/n1")).json.metadata.uid, uid);
    const counted = (event: string) => site.ledger.read().filter((entry) => entry.event === event).length;
    assert.deepEqual([counted("cluster-created"), counted("cluster-formed")], [1, 1]);
    const before = counter.acknowledged;
    await eventually("writes after it", async () => counter.acknowledged > before);
    const taken = "/api/v1/namespaces/counter/configmaps/counter-2";
    assert.equal((await kube(token, taken, { method: "DELETE" })).status, 200);
    const { acknowledged, failed, lost } = await counter.stop();
    // The one that the test itself has taken away shows that a lost one would be seen.
    assert.deepEqual(lost, [2]);
    assert.ok(acknowledged > before && failed > 0, `${acknowledged} acknowledged, ${failed} failed`);
  });
});

interface AuditEvent {
  verb?: string;
  user?: { username: string };
  impersonatedUser?: { username: string };
}

function auditOf(site: TestSite, machine: string): AuditEvent[] {
  const text = fs.readFileSync(path.join(site.lab.auditDir, `${machine}.log`), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditEvent);
}

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
