/** Orders that must not hurt: whatever a person types in a hurry, no machine is touched that the plan has not judged, and the next `up` converges. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utils } from "ssh2";
import { freshClone } from "./clone";
import { ask } from "./http";
import { assertLetGo, assertNeverBelowQuorum, describedMachine, ResizedCluster } from "./resized";
import { type Loose, REPOSITORY, type Run, type RunOptions, says, World } from "./world";

const UP = ["up", "--yes", "--skip-preview"];

/** Mark of an installation that another stack has made. */
const ANOTHERS_MARK = "hvst:0123456789ab:done";

describe("orders that must not hurt", function () {
  this.timeout(240_000);
  let world: World;
  let cluster: ResizedCluster;
  let began: Date;
  const described: Loose = {};

  before(async () => {
    world = await World.start({ nodes: 4, speed: 40 });
    world.withoutObjects();
    world.edit((config) => {
      const { n1, n2, n3, n4 } = config.cluster.nodes;
      for (const node of [n2, n3, n4]) node.role = "worker";
      Object.assign(described, { n1, n2, n3, n4 });
      config.cluster.nodes = { n1, n2, n3 };
    });
    await world.must(...UP);
    cluster = await ResizedCluster.of(world);
  });
  after(() => world?.stop());
  beforeEach(() => {
    began = new Date();
  });

  describe("access changes", () => {
    afterEach(() => assertNeverBelowQuorum(world, began));

    it("a password of the BMCs that they do not know yet is refused; changed there first, it is an update in place", async () => {
      const file = join(world.siteDir, "secrets", "bmc-password");
      const untouched = touched();
      const wrong = join(world.dir, "bmc-password");
      writeFileSync(wrong, "a new password of the BMCs", { mode: 0o600 });
      const run = await world.edited(
        ({ cluster }) => {
          cluster.nodes.n2.bmc.password = { secretFromFile: wrong };
        },
        () => world.pulumi(UP),
      );
      assertRefused(run, /refused the login/, /bmc\.password/);
      writeFileSync(file, readFileSync(wrong));
      world.edit(({ cluster }) => {
        for (const { bmc } of Object.values<Loose>(cluster.nodes)) bmc.endpoint = `${bmc.endpoint}/`;
      });
      await world.must(...UP);
      assert.deepEqual(touched(), untouched);
      await rests();
    });

    it("an admin password that the cluster does not know yet is refused; changed there first, it is an update in place", async () => {
      const file = join(world.siteDir, "secrets", "admin-password");
      const untouched = touched();
      const old = world.secret("admin-password");
      const wanted = "another password of admin";
      writeFileSync(file, wanted);
      const run = await world.pulumi(UP);
      assertRefused(run, /access\.adminPassword/, /change/i);
      await changeAdminPassword(old, wanted);
      await world.must(...UP);
      assert.deepEqual(touched(), untouched);
      await rests();
    });

    it("an SSH key that the nodes do not know is refused", async () => {
      const untouched = touched();
      const file = join(world.dir, "ssh_ed25519");
      writeFileSync(file, utils.generateKeyPairSync("ed25519").private, { mode: 0o600 });
      const run = await world.edited(
        ({ cluster }) => {
          cluster.access.sshPrivateKey = { secretFromFile: file };
        },
        () => world.pulumi(UP),
      );
      assertRefused(run, /access\.sshPrivateKey: n1, n2, n3 /, /authorized_keys/);
      assert.deepEqual(touched(), untouched);
      await world.must(...UP);
    });
  });

  describe("--target goes past the plan", () => {
    afterEach(() => assertNeverBelowQuorum(world, began));

    for (const [what, type, dependents] of [
      ["the machine alone", "metal:index:Machine", []],
      ["the node with all that depends on it", "harvester:index:HarvesterNode", ["--target-dependents"]],
    ] as const) {
      it(`a raised reinstall, with ${what}: refused, and nothing is written or wiped`, async () => {
        const target = await urnOf(type, "n2");
        await nothingHappens(
          ({ cluster }) => {
            cluster.nodes.n2.reinstall = 1;
          },
          [...UP, "--target", target, ...dependents],
          /n2: .*nobody has approved|the plan has not judged/,
        );
      });
    }

    it("the machine of a node that is described no more, with all that depends on it: nothing is done", async () => {
      const target = await urnOf("metal:index:Machine", "n3");
      const before = touched();
      await world.edited(
        ({ cluster }) => {
          delete cluster.nodes.n3;
        },
        () => world.pulumi([...UP, "--target", target, "--target-dependents"]),
      );
      assert.deepEqual(touched(), before);
      assert.equal((await cluster.nodes()).length, 3);
      assert.equal(await urnOf("metal:index:Machine", "n3"), target);
    });

    it("a node that is described no more, with the membership alone: refused", async () => {
      const target = await urnOf("metal:index:Membership", "membership");
      await nothingHappens(
        ({ cluster }) => {
          delete cluster.nodes.n3;
        },
        [...UP, "--target", target],
        /n3: .*the plan has not judged/,
      );
    });

    it("a machine that is to join, alone: refused", async () => {
      const urns = [
        await urnOf("harvester:index:HarvesterNode", "n3"),
        await urnOf("metal:index:Machine", "n3"),
      ];
      const targets = urns.flatMap((urn) => ["--target", urn.replace(/n3$/, "n4")]);
      await nothingHappens(
        ({ cluster }) => {
          cluster.nodes.n4 = described.n4;
        },
        [...UP, ...targets],
        /n4: .*the plan has not judged/,
      );
    });

    it("the destruction of one machine: refused, as the membership depends on it", async () => {
      const target = await urnOf("metal:index:Machine", "n3");
      await nothingHappens(
        () => undefined,
        ["destroy", "--yes", "--skip-preview", "--target", target],
        /membership.*will be destroyed but was not specified/,
      );
    });

    it("the destruction of one machine and of what depends on it: refused, though the cluster may be destroyed", async () => {
      const target = await urnOf("metal:index:Machine", "n3");
      await nothingHappens(
        () => undefined,
        ["destroy", "--yes", "--skip-preview", "--target", target, "--target-dependents"],
        /not powered down.*--target picks single resources/,
      );
    });

    it("the same, asked for by variables: refused, too", async () => {
      const env = {
        PULUMI_OPTION_TARGET: await urnOf("metal:index:Machine", "n3"),
        PULUMI_OPTION_TARGET_DEPENDENTS: "true",
      };
      await nothingHappens(
        () => undefined,
        ["destroy", "--yes", "--skip-preview"],
        /not powered down.*PULUMI_OPTION_TARGET/,
        { env },
      );
    });

    it("after all of that the next up finds the cluster as it was", async () => {
      const untouched = touched();
      await world.must(...UP);
      assert.deepEqual(touched(), untouched);
      await rests();
    });
  });

  describe("a node joins in a run that is killed before its end, and the edit is taken back", () => {
    after(() => assertNeverBelowQuorum(world, began));
    const describeN4 = () =>
      world.edit((config) => {
        config.cluster.nodes.n4 = described.n4;
      });
    const forgetN4 = () =>
      world.edit(({ cluster: { nodes } }) => {
        delete nodes.n4;
      });

    it("it is not forgotten: the run says that it is a node, and what to do", async () => {
      describeN4();
      const run = world.spawn(UP);
      await says(run, /Membership membership updating/);
      await run.kill();
      await world.must("cancel", "--yes");
      forgetN4();
      const preview = await world.must("preview");
      assert.match(preview.output, /the cluster has a node n4 .* that the description does not name/);
      const reverted = await world.pulumi(UP);
      assertRefused(reverted, /n4 is not forgotten: it is a node of the cluster/, /Describe it again/);
      assert.equal(world.lab.machine("m4").state.power, "On");
      assert.ok(await urnOf("metal:index:Machine", "n4"));
    });

    it("described again it belongs, and leaves when it is taken out after that", async () => {
      describeN4();
      await world.must(...UP);
      await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1"] });
      forgetN4();
      await world.must(...UP);
      await cluster.restsAt({ nodes: ["n1", "n2", "n3"], voters: ["n1"] });
      assertLetGo(world, "m4");
    });
  });

  describe("--continue-on-error", () => {
    it("with a join that fails and a removal: nobody leaves, the state is valid, a second run at once is refused", async () => {
      await world.lab.fault("m4", "power-ignored");
      world.edit(({ cluster }) => {
        const { n1, n2 } = cluster.nodes;
        cluster.nodes = { n1, n2, n4: described.n4 };
        cluster.installTimeout = "30s";
      });
      const clone = freshClone(REPOSITORY, world.dir);
      let second: Promise<Run> | undefined;
      const first = world.spawn([...UP, "--continue-on-error"]);
      first.said(/Machine n4 creating/, () => {
        second = world.pulumi(UP, { project: clone, env: { PULUMI_HOME: world.freshHome() } });
      });
      const run = await first.done;
      assertRefused(run, /n4/);
      assert.ok(second !== undefined, run.output);
      assertRefused(await second, /currently locked by/);
      assert.deepEqual((await cluster.nodes()).map(({ metadata }) => metadata.name).sort(), [
        "n1",
        "n2",
        "n3",
      ]);
      for (const name of ["m1", "m2", "m3"]) assert.equal(world.lab.machine(name).state.power, "On", name);
      assert.ok((await world.state()).deployment.resources.length > 0);
      await world.must("preview");
      assertNeverBelowQuorum(world, began);
    });

    it("the fault mended, the next up converges", async () => {
      await world.lab.clearFault("m4");
      world.edit(({ cluster }) => {
        delete cluster.installTimeout;
      });
      await world.must(...UP);
      await cluster.restsAt({ nodes: ["n1", "n2", "n4"], voters: ["n1"] });
      assertLetGo(world, "m3");
      assertNeverBelowQuorum(world, began);
    });
  });

  describe("a machine belongs to another stack meanwhile", () => {
    it("one that was released: no up touches it, and describing it again is refused", async () => {
      await takeAway("m3");
      const before = writesTo("m3");
      world.edit(({ cluster }) => {
        cluster.nodes.n2.labels = { rack: "r2" };
      });
      await world.must(...UP);
      const run = await world.edited(
        ({ cluster }) => {
          cluster.nodes.n3 = describedMachine(world, "m3", described.n3);
        },
        () => world.pulumi(UP),
      );
      assertRefused(run, /n3/, /mark of another installation/);
      assert.deepEqual(writesTo("m3"), before);
      await world.must(...UP);
    });

    it("one that the state still holds: destroy leaves both alone, and says that it does not forget it", async () => {
      await takeAway("m2");
      const before = [writesTo("m2"), writesTo("m3")];
      const run = await world.pulumi(["destroy", "--yes", "--skip-preview"]);
      assertRefused(run, /n2 was not released/);
      assert.deepEqual([writesTo("m2"), writesTo("m3")], before);
      for (const name of ["m2", "m3"]) {
        const { power, assetTag } = world.lab.machine(name).state;
        assert.deepEqual({ power, assetTag }, { power: "On", assetTag: ANOTHERS_MARK }, name);
      }
      for (const name of ["m1", "m4"]) assert.equal(world.lab.machine(name).state.power, "Off", name);
    });
  });

  /** What an update in place must not change. */
  const touched = () => ({ bmcWrites: world.bmcWrites().length, wiped: world.happened("disk-wiped").length });

  const writesTo = (name: string) => world.bmcWrites().filter(({ machine }) => machine === name).length;

  const rests = () => cluster.restsAt({ nodes: ["n1", "n2", "n3"], voters: ["n1"] });

  const urnOf = async (type: string, name: string): Promise<string> => {
    const { deployment } = await world.state();
    const found = deployment.resources.find(
      ({ urn, type: own }: Loose) => own === type && urn.endsWith(`::${name}`),
    );
    assert.ok(found !== undefined, `${type} ${name}`);
    return found.urn;
  };

  /** Runs something that has to be refused, and to leave no trace. */
  const nothingHappens = async (
    edit: Parameters<World["edit"]>[0],
    args: string[],
    said: RegExp,
    options: RunOptions = {},
  ) => {
    const before = touched();
    const run = await world.edited(edit, () => world.pulumi(args, options));
    assertRefused(run, said);
    assert.deepEqual(touched(), before);
  };

  /** Somebody else installs it: it is on, and marked by them. */
  const takeAway = async (name: string) => {
    const machine = world.lab.machine(name);
    machine.configure({ assetTag: ANOTHERS_MARK });
    if (machine.state.power !== "On") await machine.reset("On");
  };

  const changeAdminPassword = async (currentPassword: string, newPassword: string) => {
    const login = await ask(`${world.vipUrl}/v3-public/localProviders/local?action=login`, {
      method: "POST",
      body: { username: "admin", password: currentPassword, responseType: "json" },
    });
    const { token } = JSON.parse(login.body);
    const body = { currentPassword, newPassword };
    const answer = await ask(`${world.vipUrl}/v3/users?action=changepassword`, {
      method: "POST",
      token,
      body,
    });
    assert.equal(answer.status, 200, answer.body);
  };
});

function assertRefused(run: Run, ...says: RegExp[]): void {
  assert.notEqual(run.code, 0, run.output);
  for (const pattern of says) assert.match(run.output, pattern);
}
