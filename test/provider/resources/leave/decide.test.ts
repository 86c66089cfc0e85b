import assert from "node:assert/strict";
import type { EtcdMember } from "../../../../provider/harvester/etcd";
import {
  type Act,
  decide,
  type LeavingNode,
  type Observation,
} from "../../../../provider/resources/membership/leave/decide";

const worker: LeavingNode = {
  name: "n4",
  ready: true,
  member: false,
  stage: undefined,
  cordoned: false,
  maintenance: "none",
  deleting: false,
};
const member: LeavingNode = { ...worker, name: "n2", member: true };
const seen: Observation = {
  purpose: "release",
  virtualMachines: "refuse",
  node: worker,
  alive: undefined,
  removalApproved: false,
  attested: false,
  storage: { schedulable: true, evicting: false, volumes: ["v1"] },
  machines: [],
  maintainable: true,
  maintenanceRefused: false,
  etcd: undefined,
  snapshotTaken: false,
  power: "On",
  fenced: false,
  mark: "ours",
  promotion: undefined,
  recorded: false,
};
const evicting = { schedulable: false, evicting: true, volumes: [] };
const three: EtcdMember[] = ["n1", "n2", "n3"].map((name, index) => ({
  id: `a${index}`,
  name: `${name}-x`,
  votes: true,
  answers: true,
  leads: false,
}));
const fixed = [{ name: "default/db", migratable: false }];
const movable = [{ name: "default/web", migratable: true }];

const emptying = (changes: Partial<LeavingNode> = {}): Partial<Observation> => ({
  node: { ...worker, stage: "emptying", ...changes },
  storage: evicting,
});
const emptied = (
  changes: Partial<Observation> = {},
  node: Partial<LeavingNode> = {},
): Partial<Observation> => ({
  node: { ...member, stage: "emptied", ...node },
  etcd: { members: three, own: "n2-x", orphans: [] },
  ...changes,
});
const dead = (changes: Partial<Observation> = {}): Partial<Observation> => ({
  node: { ...member, ready: false },
  removalApproved: true,
  ...changes,
});
const gone = (changes: Partial<Observation> = {}): Partial<Observation> => ({
  node: undefined,
  etcd: { members: three, own: undefined, orphans: [] },
  power: "Off",
  fenced: true,
  ...changes,
});

describe("deciding about a node that leaves", () => {
  const cases: [string, Partial<Observation>, Act["act"] | RegExp][] = [
    ["a living node begins", {}, "begin"],
    [
      "not while its BMC is silent: nobody could keep it off",
      { power: "silent" },
      /BMC of n4 does not answer/,
    ],
    ["not where another installation marked its machine", { mark: "another's" }, /neither switched off nor/],
    [
      "nor on anybody's word, while its node is Ready",
      { mark: "another's", attested: true },
      /take that word out of the asset tag/,
    ],
    [
      "a dead one whose machine belongs to another installation is not switched off",
      dead({ mark: "another's" }),
      /attestations/,
    ],
    ["the same with our mark is switched off", dead(), "switch-off"],
    [
      "on a person's word it is removed, and the machine is left alone",
      dead({ mark: "another's", attested: true }),
      "remove",
    ],
    ["not while a promotion is under way", { promotion: "n5 is due" }, /promotion/],
    ["not while a virtual machine cannot be moved", { machines: fixed }, /default\/db/],
    ["where they may be stopped, it begins first", { machines: fixed, virtualMachines: "stop" }, "begin"],
    [
      "and then they are stopped",
      { ...emptying(), machines: fixed, virtualMachines: "stop" },
      "stop-virtual-machines",
    ],
    ["volumes are kept away", { node: { ...worker, stage: "emptying" } }, "keep-volumes-away"],
    ["volumes are waited for", { ...emptying(), storage: { ...evicting, volumes: ["v1"] } }, /1 replicas/],
    ["a witness has no storage to empty", { ...emptying(), storage: undefined }, "maintain"],
    [
      "an installation anew keeps the replicas",
      {
        ...emptying(),
        purpose: "reinstall",
        storage: { schedulable: false, evicting: false, volumes: ["v1"] },
      },
      "maintain",
    ],
    ["an empty node goes into maintenance", emptying(), "maintain"],
    ["maintenance is waited for", emptying({ maintenance: "running" }), /maintenance mode/],
    [
      "a request that Harvester has not looked at is waited for",
      emptying({ maintenance: "requested" }),
      /maintenance mode/,
    ],
    [
      "a request that it takes back again and again is a refusal",
      { ...emptying(), maintenanceRefused: true },
      /refuses maintenance mode/,
    ],
    [
      "machines that are left are waited for",
      { ...emptying({ maintenance: "completed" }), machines: movable },
      /default\/web/,
    ],
    ["then it is empty", emptying({ maintenance: "completed" }), "emptied"],
    [
      "where Harvester has no maintenance mode, it is drained",
      { ...emptying(), maintainable: false },
      "drain",
    ],
    [
      "again and again, while machines are left",
      { ...emptying({ cordoned: true }), maintainable: false, machines: movable },
      "drain",
    ],
    ["until it is empty", { ...emptying({ cordoned: true }), maintainable: false }, "emptied"],
    ["a member is asked for its leadership first", emptied({ etcd: undefined }), "ask-etcd"],
    ["etcd that nobody can ask holds it up", emptied({ etcd: "no key" }), /no key/],
    [
      "the leader hands over",
      emptied({ etcd: { members: leading("n2-x"), own: "n2-x", orphans: [] } }),
      "move-leader",
    ],
    [
      "another leader stays it",
      emptied({ etcd: { members: leading("n1-x"), own: "n2-x", orphans: [] } }),
      "uninstall",
    ],
    ["before an installation anew there is a snapshot", emptied({ purpose: "reinstall" }), "snapshot"],
    ["and one is enough", emptied({ purpose: "reinstall", snapshotTaken: true }), "uninstall"],
    ["a worker asks etcd nothing", { node: { ...worker, stage: "emptied" } }, "uninstall"],
    [
      "killed while it was uninstalled: off, for it is not Ready",
      emptied({}, { ready: false }),
      "switch-off",
    ],
    ["uninstalled: off", emptied({}, { stage: "uninstalled" }), "switch-off"],
    ["off: fenced", emptied({ power: "Off" }, { stage: "uninstalled", ready: false }), "fence"],
    [
      "fenced: out",
      emptied({ power: "Off", fenced: true }, { stage: "uninstalled", ready: false }),
      "remove",
    ],
    [
      "still Ready by the cluster's memory, but off and fenced: out",
      emptied({ power: "Off", fenced: true }, { stage: "uninstalled" }),
      "remove",
    ],
    ["its removal is waited for", { node: { ...worker, deleting: true, ready: false } }, /taken out/],
    ["not Ready for a moment is not dead", dead({ alive: "look 1 of 3" }), /Ready again/],
    ["a dead node without approval stays", dead({ removalApproved: false }), /not Ready.*Repair it/],
    ["a dead node is switched off", dead(), "switch-off"],
    [
      "it stopped being Ready while it was emptied: the same",
      dead({ node: { ...member, ready: false, stage: "emptying" } }),
      "switch-off",
    ],
    ["a dead node that is off is fenced", dead({ power: "Off" }), "fence"],
    ["fenced, it is taken out", dead({ power: "Off", fenced: true }), "remove"],
    ["a silent BMC proves nothing", dead({ power: "silent" }), /attestations/],
    ["somebody vouches for it", dead({ power: "silent", attested: true }), "remove"],
    ["nobody's word counts where the BMC says On", dead({ attested: true }), "switch-off"],
    ["gone: etcd is asked", gone({ etcd: undefined }), "ask-etcd"],
    [
      "a member without a node is waited for",
      gone({ etcd: { members: three, own: undefined, orphans: [three[1]!] } }),
      /n2-x \(a1\): it joins and is promoted, or it left and Rancher removes it/,
    ],
    ["promotion is waited for", gone({ promotion: "n5 is being promoted" }), /n5 is being promoted/],
    [
      "a learner is waited for",
      gone({ etcd: { members: [{ ...three[0]!, votes: false }], own: undefined, orphans: [] } }),
      /vote/,
    ],
    ["gone, and switched on again by somebody: off", gone({ power: "On", fenced: false }), "switch-off"],
    ["the mark goes last", gone(), "clear-mark"],
    ["then it is recorded", gone({ mark: "none" }), "record"],
    ["recorded: done", gone({ mark: "none", recorded: true }), "done"],
    ["somebody else's machine by now: only recorded", gone({ mark: "another's", power: "On" }), "record"],
    [
      "on, without a mark, and gone: nobody knows what it runs",
      gone({ mark: "none", power: "On" }),
      /nobody described/,
    ],
    ["an installation anew keeps its mark", gone({ purpose: "reinstall" }), "done"],
  ];
  for (const [title, changes, expected] of cases) {
    it(title, () => {
      const act = decide({ ...seen, ...changes });
      if (typeof expected === "string") assert.equal(act.act, expected, JSON.stringify(act));
      else
        assert.match(act.act === "wait" ? act.what : act.act === "refuse" ? act.reason : act.act, expected);
    });
  }

  it("never interrupts or takes out a node whose machine may be on, in whatever state", () => {
    for (const observation of everything()) {
      const { act } = decide(observation);
      if (act === "remove") {
        const off = observation.power === "Off" && observation.fenced;
        assert.ok(
          off ||
            (observation.attested && (observation.power === "silent" || observation.mark === "another's")),
          JSON.stringify(observation),
        );
      }
      if (act === "switch-off" || act === "fence") assert.notEqual(observation.mark, "another's");
      if (act === "clear-mark" || act === "record") assert.equal(observation.node, undefined);
    }
  });

  it("never interrupts a living node that was not emptied, nor a dead one that nobody has given up", () => {
    for (const observation of everything()) {
      const { act } = decide(observation);
      if (act !== "uninstall" && act !== "switch-off" && act !== "remove") continue;
      const { node } = observation;
      if (node === undefined) continue;
      const inOrder = node.stage === "emptied" || node.stage === "uninstalled";
      const givenUp = !node.ready && observation.alive === undefined && observation.removalApproved;
      assert.ok(inOrder || givenUp, JSON.stringify(observation));
    }
  });
});

function leading(name: string): EtcdMember[] {
  return three.map((one) => ({ ...one, leads: one.name === name }));
}

/** Every combination of what decides about interruptions. */
function* everything(): Generator<Observation> {
  const nodes = [
    undefined,
    ...["n2", "n4"].flatMap((name) => [true, false].flatMap((ready) => stages(name, ready))),
  ];
  for (const node of nodes)
    for (const purpose of ["release", "reinstall"] as const)
      for (const power of ["On", "Off", "silent", "PoweringOff"] as const)
        for (const fenced of [true, false])
          for (const attested of [true, false])
            for (const removalApproved of [true, false])
              for (const alive of [undefined, "a moment ago"])
                for (const mark of ["ours", "none", "another's"] as const)
                  for (const etcd of [undefined, "no way", { members: three, own: "n2-x", orphans: [] }])
                    yield {
                      ...seen,
                      node,
                      purpose,
                      power,
                      fenced,
                      attested,
                      removalApproved,
                      alive,
                      mark,
                      etcd,
                      storage: undefined,
                    };
}

function stages(name: string, ready: boolean): LeavingNode[] {
  return [undefined, "emptying" as const, "emptied" as const, "uninstalled" as const].flatMap((stage) =>
    (["none", "completed"] as const).map((maintenance) => ({
      ...(name === "n2" ? member : worker),
      ready,
      stage,
      maintenance,
    })),
  );
}
