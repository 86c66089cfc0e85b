/** Members of the control plane that are dead are taken out and replaced, one with a dead BMC among them; one that lives is installed anew. */
import assert from "node:assert/strict";
import type { GuardReport } from "../../cli/guard/report";
import { approve, assertLetGo, describedMachine, provision, type ResizedCluster } from "./resized";
import { runScript } from "./scripts";
import type { Loose, World } from "./world";

describe("members that died, and one that is installed anew", function () {
  this.timeout(480_000);
  let world: World;
  let cluster: ResizedCluster;

  provision(
    { nodes: 4, speed: 60 },
    (config) => {
      delete config.cluster.nodes.n4.role;
    },
    (made) => {
      ({ world, cluster } = made);
    },
  );

  it("one that is not Ready is not taken out until somebody approves it", async () => {
    await world.lab.machine("m2").cutPower();
    await cluster.notReady("n2");
    world.edit((config) => {
      delete config.cluster.nodes.n2;
    });
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(refused.output, /set approve: "[0-9a-f]{12}"/);
    assert.equal((await cluster.nodes()).length, 4);
  });

  it("approved, it is fenced and taken out, and the node that stood by takes its seat", async () => {
    await approve(world);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n3", "n4"], voters: ["n1", "n3", "n4"] });
    assertLetGo(world, "m2");
    assert.deepEqual(
      (await cluster.roster()).left.map(({ key, how }: Loose) => [key, how]),
      [["n2", "removed"]],
    );
  });

  /** Somebody switches the removed machine on again, with its old disk. Returns its node, once that is Ready and votes. */
  const plugIn = async (): Promise<Loose> => {
    await world.lab.machine("m2").reset("On");
    await votes("n2");
    return cluster.get("/api/v1/nodes/n2");
  };
  const votes = (name: string) =>
    cluster.until(`${name} to vote`, async () =>
      (await cluster.nodes()).some(
        ({ metadata, status }) =>
          metadata.name === name &&
          ["Ready", "EtcdIsVoter"].every((wanted) =>
            status.conditions.some(({ type, status }: Loose) => type === wanted && status === "True"),
          ),
      ),
    );
  const guard = async (): Promise<{ code: number; report: GuardReport }> => {
    const { code, stdout, stderr } = await runScript(world, "guard", ["--stack", "lab", "--json"]);
    assert.notEqual(stdout, "", stderr);
    return { code, report: JSON.parse(stdout) };
  };

  it("switched on again it is back in use, with a vote, unless somebody watches; the preview says so and touches nothing", async () => {
    // It carries a mark already that another installation put there before it was switched on.
    world.lab.machine("m2").configure({ assetTag: "hvst:ffffffffffff:served" });
    const { spec, status } = await plugIn();
    assert.equal(spec.unschedulable, undefined);
    assert.equal(status.conditions.find(({ type }: Loose) => type === "Ready").status, "True");
    // The counter of this suite goes on writing into the cluster.
    const touched = () => ({ ...world.snapshot(), clusterWrites: undefined });
    const before = touched();
    const { output } = await world.must("preview");
    assert.match(
      output,
      /cluster\.nodes: the machine of n2 \(serial HVL1002\), which was removed dead at .* is in the cluster again, as the node n2/,
    );
    assert.deepEqual(touched(), before);
    assert.equal((await cluster.get("/api/v1/nodes/n2")).spec.unschedulable, undefined);
  });

  it("as another installation has marked it, up takes it out of use and asks for a person", async () => {
    const machine = world.lab.machine("m2");
    const { code, output } = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(code, 0, output);
    assert.match(output, /it was not switched off: its hardware carries the mark of another installation/);
    assert.equal((await cluster.get("/api/v1/nodes/n2")).spec.unschedulable, true);
    assert.equal(machine.state.power, "On");
    await machine.cutPower();
    await cluster.notReady("n2");
    machine.configure({ assetTag: "" });
    await plugIn();
  });

  it("up takes it out of use, switches it off and removes its node, though nobody has edited anything", async () => {
    const { output } = await world.must("up", "--yes", "--skip-preview");
    assert.match(output, /the machine of n2 .* It was switched off, and its node removed/);
    assert.deepEqual(await cluster.lastSteps(), ["remove n2"]);
    assert.equal(world.lab.machine("m2").state.power, "Off");
    await cluster.restsAt({ nodes: ["n1", "n3", "n4"], voters: ["n1", "n3", "n4"] });
  });

  it("so does a pass of the guard, also where recovery is manual, and not while etcd needs its vote", async () => {
    await plugIn();
    await world.lab.machine("m3").cutPower();
    await cluster.notReady("n3");
    const writes = world.bmcWrites().length;
    const held = await guard();
    assert.deepEqual(
      held.report.returned.map((machine) => [machine.node, machine.held?.guard, machine.held?.passes]),
      [["n2", "quorum", true]],
    );
    assert.match(held.report.returned[0]!.held!.why, /2 of 4 etcd voters would answer and 3 are needed/);
    assert.equal((await cluster.get("/api/v1/nodes/n2")).spec.unschedulable, true);
    assert.equal(world.lab.machine("m2").state.power, "On");

    await world.lab.machine("m3").reset("On");
    await votes("n3");
    const { code, report } = await guard();
    assert.equal(code, 1);
    const { recovery, returned, quorum } = report;
    assert.deepEqual(
      [recovery, returned.map(({ node, released, held }) => [node, released.serial, held])],
      ["manual", [["n2", "HVL1002", undefined]]],
    );
    assert.equal(quorum.members, 3);
    assert.equal(world.lab.machine("m2").state.power, "Off");
    assert.equal(world.bmcWrites().length, writes, "its BMC is nobody's to ask any more");
    await cluster.restsAt({ nodes: ["n1", "n3", "n4"], voters: ["n1", "n3", "n4"] });
  });

  it("one whose BMC is dead, too, stays until somebody vouches that it is off; its replacement has joined by then", async () => {
    await world.lab.machine("m3").cutPower();
    await world.lab.fault("m3", "bmc-silent");
    await cluster.notReady("n3");
    world.edit((config) => {
      const { nodes } = config.cluster;
      nodes.n5 = describedMachine(world, "m2", nodes.n3);
      delete nodes.n3;
    });
    await approve(world);
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(refused.output, /attestations: \[\{serial, by, reason\}\]/);
    world.edit((config) => {
      config.cluster.attestations = [{ serial: "HVL1003", by: "Ada", reason: "power cables pulled" }];
    });
    // n3 is described no more: that it goes is known by the roster, and approved anew with what changed.
    await approve(world);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n4", "n5"], voters: ["n1", "n4", "n5"] });
    assert.match((await cluster.roster()).left.at(-1).fence, /attested by Ada: power cables pulled/);
  });

  it("one that lives is installed anew on the same host, after a snapshot of etcd was taken on another", async () => {
    world.edit((config) => {
      config.cluster.nodes.n4.reinstall = 1;
    });
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0, refused.output);
    await approve(world);
    const before = world.lab.ledger.read().length;
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n4", "n5"], voters: ["n1", "n4", "n5"] });
    assert.deepEqual(await cluster.lastSteps(), ["reinstall n4", "promote n4"]);
    const since = world.lab.ledger.read().slice(before) as Loose[];
    const events = since.filter(({ event }) =>
      ["etcd-snapshot", "rke2-uninstalled", "node-removed", "installed", "promotion-complete"].includes(
        event,
      ),
    );
    assert.deepEqual(
      events.map(({ event }) => event),
      ["etcd-snapshot", "rke2-uninstalled", "node-removed", "installed", "promotion-complete"],
    );
    assert.notEqual(events[0].machine, "m4");
    assert.deepEqual([...new Set(events.slice(1).map(({ machine }) => machine))], ["m4"]);
  });
});
