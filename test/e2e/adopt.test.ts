/** A cluster whose state is lost and whose marks are gone is a stranger's; `npm run adopt` takes it over and touches no machine. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { freshClone } from "./clone";
import { kubeDelete, kubeGet, kubePatch } from "./http";
import { clusterWrites } from "./observe";
import { runScript } from "./scripts";
import { type Loose, mustSucceed, REPOSITORY, type Run, World } from "./world";

/** The stack that the cluster is taken over by. */
const STACK = "taken";
const ROSTER = "/api/v1/namespaces/harvester-system/configmaps/harvester-stack-roster";
const LABELS = ["harvester-stack.io/incarnation", "harvester-stack.io/installation"];

describe("adopting a cluster that is running", function () {
  this.timeout(180_000);
  let world: World;
  let project: string;
  let kubeconfig: string;
  let bmcs: Loose[];
  /** What happened to the machines until the cluster became a stranger's. */
  let untouched: { bmcWrites: number; ledger: string[] };

  const file = (name: string) => join(world.dir, name);
  const outcome = () => ({
    bmcWrites: world.bmcWrites().length,
    ledger: ["installed", "disk-wiped", "cluster-created", "node-joined"].map(
      (event) => `${event}: ${world.happened(event).length}`,
    ),
  });
  const writes = () =>
    clusterWrites(join(world.siteDir, "audit")).map(
      ({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`,
    );
  const pulumi = async (...args: string[]): Promise<Run> =>
    mustSucceed(args, await world.pulumi(args, { stack: STACK, project, env: secrets() }));
  const secrets = () => ({
    HARVESTER_ADMIN_PASSWORD: world.secret("admin-password"),
    BMC_PASSWORD: world.secret("bmc-password"),
  });
  const adopt = (
    options: { list?: Loose[]; args?: string[]; env?: Record<string, string> } = {},
  ): Promise<Run> => {
    const { list = bmcs, args = [], env = {} } = options;
    writeFileSync(file("bmcs.yaml"), stringify(list));
    const given = ["--kubeconfig", file("kubeconfig"), "--bmc", file("bmcs.yaml"), "--stack", STACK];
    const key = ["--ssh-key", join(world.siteDir, "secrets", "ssh_ed25519"), "--out", file("adopted")];
    return runScript(world, "adopt", [...given, ...key, ...args], { project, env: { ...secrets(), ...env } });
  };

  before(async () => {
    world = await World.start({ nodes: 2, speed: 100 });
    world.withoutObjects();
    world.edit(({ cluster }) => {
      cluster.nodes.n2.role = "worker";
    });
    await world.must("up", "--yes", "--skip-preview");
    kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
    writeFileSync(file("kubeconfig"), kubeconfig, { mode: 0o600 });
    bmcs = ["101", "102"].map((host) => ({
      endpoint: `https://${world.net}.${host}:17000`,
      user: "admin",
      password: { secretFromEnv: "BMC_PASSWORD" },
      tls: { ca: { fromFile: join(world.siteDir, "ca.pem") } },
      ssh: { port: 17022 },
    }));
    project = freshClone(REPOSITORY, world.dir);
    await becomeStranger();
    untouched = outcome();
  });
  after(() => world?.stop());
  afterEach("no BMC was written to, nothing was installed", () => assert.deepEqual(outcome(), untouched));

  /** The state is thrown away with the stack; nothing in the cluster or on the hardware tells any more who installed it. */
  async function becomeStranger(): Promise<void> {
    rmSync(file("backend"), { recursive: true });
    mkdirSync(file("backend"));
    for (const name of ["n1", "n2"]) {
      const labels = Object.fromEntries(LABELS.map((label) => [label, null]));
      await kubePatch(kubeconfig, `/api/v1/nodes/${name}`, { metadata: { labels } });
    }
    await kubeDelete(kubeconfig, ROSTER);
    for (const name of ["m1", "m2"]) world.lab.machine(name).configure({ assetTag: "" });
  }

  it("lists what does not fit, and writes nothing anywhere", async () => {
    await kubePatch(kubeconfig, "/api/v1/nodes/n2", {
      metadata: { labels: { "node-role.harvesterhci.io/management": "true" } },
    });
    await world.lab.fault("m1", "disk-missing");
    const known = writes();
    const wrong = { ...bmcs[1], endpoint: `https://${world.net}.199:17000` };
    const run = await adopt({
      list: [bmcs[0], wrong],
      env: { HARVESTER_ADMIN_PASSWORD: "not the password" },
    });
    await world.lab.clearFault("m1");
    assert.equal(run.code, 2, run.output);
    for (const row of [
      /^ok +n1 +host +https:\/\/\S+101:17000 is its BMC: serial HVL1001$/m,
      /^fail +n1 +disks +its BMC does not list S4XLAB0001A; it lists P7NLAB0001B\. Say in the list/m,
      /^fail +n2 +BMC +no BMC of the list reports its UUID 081aad42\S+\. It may be https:\S+199:17000, which could not be asked/m,
      /^fail +https:\S+199:17000 +node +it could not be asked: /m,
      /^fail +n2 +role +it is labelled as management and worker/m,
      /^fail +cluster +admin password +it is refused/m,
      /, [1-9]\d* to decide$/m,
    ]) {
      assert.match(run.stdout, row);
    }
    assert.deepEqual(writes(), known);
    assert.equal(existsSync(file("adopted")), false);
    await kubePatch(kubeconfig, "/api/v1/nodes/n2", {
      metadata: { labels: { "node-role.harvesterhci.io/management": null } },
    });
  });

  it("says what it would add to the cluster before anything is added", async () => {
    const known = writes();
    await world.lab.fault("m2", "uuid-swapped");
    const run = await adopt();
    await world.lab.clearFault("m2");
    assert.equal(run.code, 2, run.output);
    assert.match(run.stdout, / 0 to decide$/m);
    for (const name of ["n1", "n2"]) {
      for (const label of LABELS)
        assert.match(run.stdout, new RegExp(`^  node ${name}: label ${label}=[0-9a-f]{12}$`, "m"));
    }
    assert.match(run.stdout, /^ {2}ConfigMap harvester-system\/harvester-stack-roster: /m);
    assert.deepEqual(writes(), known);
    assert.equal(existsSync(file("adopted")), false);
  });

  it("adds exactly that with --mark, and writes both files, in which no secret stands in clear", async () => {
    const known = writes();
    const run = await adopt({ args: ["--mark"] });
    assert.equal(run.code, 0, run.output);
    const added = ["patch nodes/n1", "patch nodes/n2", "patch configmaps/harvester-stack-roster"];
    assert.deepEqual(writes().slice(known.length), added);
    const token = await joinToken();
    const texts = [run.output, ...[`Pulumi.${STACK}.yaml`, `${STACK}.import.json`].map(read)];
    for (const secret of [token, ...Object.values(secrets()), world.secret("ssh_ed25519").split("\n")[2]!]) {
      for (const text of texts) assert.equal(text.includes(secret), false);
    }
    assert(run.stdout.includes(read(`Pulumi.${STACK}.yaml`)), run.stdout);
  });

  it("run again, it finds its mark and needs nothing more", async () => {
    const known = writes();
    const run = await adopt();
    assert.equal(run.code, 0, run.output);
    assert.deepEqual(writes(), known);
  });

  it("both put in place, the preview is empty, and so it stays after an up", async () => {
    copyFileSync(file(`adopted/Pulumi.${STACK}.yaml`), join(project, "stacks", `Pulumi.${STACK}.yaml`));
    copyFileSync(file(`adopted/Pulumi.${STACK}.yaml`), world.configFile);
    await pulumi("stack", "init", "--no-select");
    await pulumi("stack", "import", "--file", file(`adopted/${STACK}.import.json`));
    const known = writes();
    await pulumi("preview", "--expect-no-changes");
    const up = await pulumi("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes");
    assert.doesNotMatch(up.output, /warning/);
    assert.deepEqual(writes(), known);
    const { seed } = await output("Cluster");
    assert(seed.endsWith(`:${await joinToken()}`), "the state does not hold the cluster's join token");
    assert.equal((await output("Machine")).sshHostKey, hostKeyOf("m1"));
    const again = await adopt();
    assert.equal(again.code, 1, again.output);
    assert.match(again.stderr, /stack taken knows a cluster already/);
  });

  it("acts on the cluster as on one of its own: a change of the description reaches it in place", async () => {
    world.edit(({ cluster }) => {
      cluster.nodes.n2.ssh.host = `${world.net}.12`;
    });
    const { stdout } = await pulumi("up", "--yes", "--skip-preview");
    assert.match(stdout, /~ .*metal:index:Machine n2 updated/);
  });

  it("drift is seen", async () => {
    await kubePatch(kubeconfig, "/api/v1/nodes/n2", {
      metadata: { labels: { [LABELS[0]!]: "0123456789ab" } },
    });
    await world.lab.machine("m2").reset("ForceOff");
    const { output: said } = await pulumi("refresh", "--yes", "--skip-preview");
    assert.match(said, /is another cluster \(incarnation/);
    assert.match(said, /n2: its power is Off, and was On/);
  });

  it("all switched off, it is not taken for a cluster that is still to be made, though no host carries a mark", async () => {
    await world.lab.machine("m1").reset("ForceOff");
    const run = await world.edited(
      ({ cluster }) => {
        delete cluster.nodes.n2;
      },
      () => world.pulumi(["preview"], { stack: STACK, project, env: secrets() }),
    );
    assert.doesNotMatch(run.output, /This change: provision|will be installed/);
    assert.match(run.output, /how the cluster is, because it could not be looked at/);
  });

  const read = (name: string) => readFileSync(file(`adopted/${name}`), "utf8");
  async function joinToken(): Promise<string> {
    const secret = await kubeGet(kubeconfig, "/api/v1/namespaces/fleet-local/secrets/local-rke-state");
    return Buffer.from(secret.data.serverToken, "base64").toString("utf8");
  }
  /** The host key on the machine's own disk. */
  function hostKeyOf(machine: string): string {
    const { root } = world.lab.machine(machine).disks.bootable()!.system;
    return readFileSync(join(root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  }
  /** Outputs of the first resource of a type, with its secrets. */
  async function output(type: string): Promise<Loose> {
    const exported = JSON.parse((await pulumi("stack", "export", "--show-secrets")).stdout);
    const { outputs } = exported.deployment.resources.find(
      (resource: Loose) => resource.type === `metal:index:${type}`,
    );
    return Object.fromEntries(
      Object.entries(outputs).map(([key, value]: [string, Loose]) => [
        key,
        typeof value?.plaintext === "string" ? JSON.parse(value.plaintext) : value,
      ]),
    );
  }
});
