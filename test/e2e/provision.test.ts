/** One machine becomes a cluster by plain `pulumi`, in a data centre of its own: what a person sees, and what stays secret. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { parse } from "yaml";
import { bootToken, joinToken, sshHostKey } from "../../model/identity";
import { forbidden } from "./connections";
import { ask, kubeGet, listens, logIn } from "./http";
import { ProcessSampler, type Secrets, scanFolder, secretsIn } from "./scan";
import { type Loose, type Run, type Snapshot, World } from "./world";

const POLICIES = ["--policy-pack", "policies"];

describe("one machine becomes a cluster by plain pulumi", function () {
  this.timeout(120_000);
  let world: World;
  /** Everything that pulumi said. */
  const said: Record<string, string> = {};
  let atRest: Snapshot;
  let outputs: Loose;
  let processes: Set<string>;
  /** Answers to somebody else and to the machine's own URL, while its disk was being written. */
  const duringInstallation: Record<string, { status: number; body: string }> = {};

  before(async () => {
    world = await World.start({ speed: 20, delays: { post: 5, kernel: 5, diskWrite: 20 } });
  });
  after(() => world?.stop());

  const run = async (name: string, ...args: string[]): Promise<Run> => {
    const done = await world.pulumi(args);
    said[name] = done.output;
    return done;
  };

  it("preview touches nothing and serves nothing (P7)", async () => {
    const before = world.snapshot();
    // Whoever holds the boot server's address would notice any visitor, and preview could not listen on it.
    const visits: string[] = [];
    const holder = await holding(world.bootServer, (url) => visits.push(url));
    try {
      const preview = await run("preview", "preview", ...POLICIES);
      assert.equal(preview.code, 0, preview.output);
      assert.match(preview.stdout, /metal:index:Machine n1 create/);
    } finally {
      holder.close();
    }
    assert.deepEqual(world.snapshot(), before);
    assert.equal(world.bmcWrites().length, 0);
    assert.deepEqual(visits, []);
    assert.equal(world.machine.state.power, "Off");
    assert.equal((await world.state()).deployment.resources?.length ?? 0, 0);
  });

  it("up installs the machine, once, and ends with the cluster", async () => {
    const whileInstalling = new Promise<void>((resolve, reject) => {
      const stop = world.onLedger(({ event, how }) => {
        if (event !== "disk-wiped" || how !== "install-device") return;
        stop();
        look().then(resolve, reject);
      });
    });
    const look = async () => {
      const { address, port } = world.bootServer;
      const [{ url }] = world.happened("config-fetched");
      duringInstallation.stranger = await ask(`http://${address}:${port}/somebody-else/autoexec.ipxe`);
      duringInstallation.root = await ask(`http://${address}:${port}/`);
      duringInstallation.burned = await ask(url);
    };
    const up = world.spawn(["up", "--yes", ...POLICIES]);
    const sampler = new ProcessSampler(up.pid);
    const done = await up.done.finally(() => sampler.stop());
    processes = sampler.seen;
    said.up = done.output;
    assert.equal(done.code, 0, done.output);
    await whileInstalling;
    assert.equal(world.happened("cluster-created").length, 1);
    assert.equal(world.happened("installed").length, 1);
    atRest = world.snapshot();
  });

  it("nothing listens any more where the machine booted from", async () => {
    assert.equal(await listens(world.bootServer), false);
  });

  it("the provider spoke with the BMC, the VIP and the engine, and would be caught at anything else", () => {
    const made = world.connections();
    const { net } = world;
    for (const expected of [`${net}.101:17000`, `${net}.10:17443`])
      assert(made.includes(expected), `${made}`);
    assert.deepEqual(forbidden(made, net), []);
    const elsewhere = [`${net}.11:2379`, `${net}.11:6443`, "localhost:80", "udp"];
    assert.deepEqual(forbidden([...made, ...elsewhere], net), elsewhere);
  });

  it("a stranger was told to boot from its disk while the machine was installing", () => {
    for (const who of ["stranger", "root"]) {
      assert.match(duringInstallation[who]!.body, /^#!ipxe\n.*\nexit\n$/, who);
    }
  });

  it("the configuration was burned when the installer had started", () => {
    assert.equal(duringInstallation.burned!.status, 410);
    assert.doesNotMatch(duringInstallation.burned!.body, /token|mode/);
  });

  it("another preview expects no changes, warns of nothing and touches nothing", async () => {
    const preview = await run("preview again", "preview", "--expect-no-changes", ...POLICIES);
    assert.equal(preview.code, 0, preview.output);
    assert.doesNotMatch(preview.output, /warn/i);
    assert.deepEqual(world.snapshot(), atRest);
  });

  it("refresh finds nothing changed and touches nothing", async () => {
    const refresh = await run("refresh", "refresh", "--yes", "--skip-preview", "--expect-no-changes");
    assert.equal(refresh.code, 0, refresh.output);
    assert.deepEqual(world.snapshot(), atRest);
  });

  it("another up changes nothing", async () => {
    const up = await run("up again", "up", "--yes", "--skip-preview", "--expect-no-changes");
    assert.equal(up.code, 0, up.output);
    assert.deepEqual(world.snapshot(), atRest);
  });

  it("outputs the VIP's URL, the nodes and a kubeconfig", async () => {
    const shown = await run("outputs", "stack", "output", "--json");
    assert.equal(JSON.parse(shown.stdout).kubeconfig, "[secret]");
    outputs = JSON.parse((await world.must("stack", "output", "--json", "--show-secrets")).stdout);
    assert.equal(outputs.vipUrl, world.vipUrl);
    assert.deepEqual(outputs.nodes, [
      { name: "n1", role: "management", ready: true, controlPlane: true, etcdVoter: true, version: "v1.6.1" },
    ]);
    const { items } = await kubeGet(outputs.kubeconfig, "/api/v1/nodes");
    assert.deepEqual(
      items.map((node: Loose) => node.metadata.name),
      ["n1"],
    );
  });

  it("changed the bootstrap password, which everybody knows, to the operator's", async () => {
    assert.equal(await logIn(world.vipUrl, "admin"), 401);
    assert.equal(await logIn(world.vipUrl, world.secret("admin-password")), 201);
  });

  it("created the CloudInit, the setting and the snapshot", async () => {
    const harvester = "/apis/harvesterhci.io/v1beta1/settings/ntp-servers";
    const cloudInit = "/apis/node.harvesterhci.io/v1beta1/cloudinits/sysctl-inotify";
    const { spec } = await kubeGet(outputs.kubeconfig, cloudInit);
    assert.equal(spec.filename, "91_inotify.yaml");
    assert.match(spec.contents, /max_user_watches: "524288"/);
    const { value } = await kubeGet(outputs.kubeconfig, harvester);
    assert.deepEqual(JSON.parse(value), { ntpServers: [`${world.net}.1`] });
    const disk = join(world.siteDir, "machines/m1/disks/S4XLAB0001A/root");
    const snapshots = readdirSync(join(disk, "var/lib/rancher/rke2/server/db/snapshots"));
    assert.deepEqual(snapshots.filter((name) => name.startsWith("first-n1-")).length, 1, `${snapshots}`);
  });

  describe("no secret in clear (P9)", () => {
    let secrets: Secrets;

    before(async () => {
      secrets = await secretsOf(world, outputs.kubeconfig);
    });

    it("in the state, its history and its backups", () => {
      assert.deepEqual(scanFolder(join(world.dir, "backend"), secrets), []);
    });

    it("in what pulumi says, also as JSON and as an exported stack", async () => {
      await run("preview as JSON", "preview", "--json");
      await run("preview with details", "preview", "--diff", "--show-sames", "--refresh");
      await run("stack export", "stack", "export");
      await run("stack", "stack", "--show-ids");
      for (const [name, text] of Object.entries(said)) assert.deepEqual(secretsIn(text, secrets), [], name);
    });

    it("in the engine's events", async () => {
      const log = join(world.dir, "events.json");
      const env = { PULUMI_DEBUG_COMMANDS: "true" };
      const logged = await world.pulumi(["preview", "--event-log", log], { env });
      assert.equal(logged.code, 0, logged.output);
      // Not those for debugging, which nobody sees without --debug: there the stock SDK writes every property, secret or not.
      const events = readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== "" && JSON.parse(line).diagnosticEvent?.severity !== "debug");
      assert(events.some((line) => line.includes("metal:index:Machine")));
      for (const event of events) assert.deepEqual(secretsIn(event, secrets), [], event.slice(0, 200));
    });

    it("in arguments and environments of the processes of a run", () => {
      const seen = [...processes];
      for (const part of [
        /^pulumi up/,
        /pulumi-resource-metal/,
        /provider\/boot\/process\.ts/,
        /language-nodejs|language-host/,
        /@pulumi\/pulumi\/cmd\/run/,
        /pulumi-resource-kubernetes/,
        /pulumi-resource-command/,
      ]) {
        assert(
          seen.some((text) => part.test(text.split("\0")[0]!)),
          `${part} was never seen, so nothing is known of it`,
        );
      }
      for (const text of seen) assert.deepEqual(secretsIn(text, secrets), [], text.split("\0")[0]);
    });
  });
});

/** Everything that has to stay secret: what the operator gave, and what followed from the seed. */
async function secretsOf(world: World, kubeconfig: string): Promise<Secrets> {
  const { stdout } = await world.must("stack", "export", "--show-secrets");
  const resources: Loose[] = JSON.parse(stdout).deployment.resources;
  const of = (type: string) => resources.find((resource) => resource.type === `metal:index:${type}`);
  const { seed: wrapped, incarnation } = of("Cluster").outputs;
  const seed: string = JSON.parse(wrapped.plaintext);
  const machine = of("Machine");
  return {
    "BMC password": world.secret("bmc-password"),
    "admin password": world.secret("admin-password"),
    "operator's SSH key": world.secret("ssh_ed25519"),
    seed,
    "join token": joinToken(seed, incarnation),
    "boot token": bootToken(seed, machine.outputs.installation),
    "SSH host key": sshHostKey(seed, machine.inputs.node.hardware).privateKey,
    "kubeconfig's token": parse(kubeconfig).users[0].user.token,
  };
}

function holding({ address, port }: World["bootServer"], visited: (url: string) => void): Promise<Server> {
  const server = createServer((request, response) => {
    visited(request.url ?? "");
    response.end();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve(server));
  });
}
