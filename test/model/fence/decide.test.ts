import assert from "node:assert/strict";
import { decideOnReturn, FENCE_GUARDS, type FenceAct, type ReturnSigns } from "../../../model/fence";
import { quorumOf } from "../../../model/quorum";
import { interruptionOf, type NodeFacts } from "../../../model/transition";

/** A machine that came back, runs, and has been cordoned. */
const BACK: ReturnSigns = {
  node: "n2",
  ready: true,
  cordoned: true,
  deleting: false,
  alive: undefined,
  told: false,
  attested: false,
  greets: true,
  silent: false,
  shut: undefined,
  order: "none",
  mark: "none",
  machines: [],
  lastCopies: [],
  majority: undefined,
  quorum: undefined,
  upgrade: undefined,
};
/** Neither its kubelet nor SSH is heard: off, or behind a cut network. */
const SILENT: Partial<ReturnSigns> = {
  ready: false,
  greets: false,
  silent: true,
  shut: "SSH does not answer",
};
const OFF: Partial<ReturnSigns> = { ...SILENT, told: true };

const short = (act: FenceAct): string => (act.act === "refuse" ? `refuse: ${act.guard}` : act.act);

const TABLE: [what: string, signs: Partial<ReturnSigns>, act: string, why?: RegExp][] = [
  ["that takes new workloads", { cordoned: false }, "cordon"],
  ["that cannot go yet, and takes new workloads", { cordoned: false, quorum: "3 are needed" }, "cordon"],
  ["that runs", {}, "switch-off"],
  ["whose mark nobody has taken off", { mark: "ours" }, "switch-off"],
  ["that runs, its kubelet being silent", { ready: false }, "switch-off"],
  [
    "with virtual machines that can move",
    { machines: [{ name: "a/b", migratable: true }] },
    "drain",
    /^a\/b to move off n2$/,
  ],
  [
    "whose kubelet is silent, and that ran a virtual machine",
    { ready: false, machines: [{ name: "a/b", migratable: false }] },
    "switch-off",
  ],
  ["that was told to go off", { order: "asked" }, "wait", /n2 to switch off/],
  [
    "that was told, and goes on",
    { order: "ignored" },
    "refuse: by-hand",
    /goes on running\. Switch it off by hand, and say so: attestations/,
  ],
  ["that is starting, or just went off", { greets: false, shut: "SSH does not answer" }, "wait"],
  [
    "that nobody can log in on",
    { shut: "access.sshPrivateKey is missing" },
    "refuse: by-hand",
    /^access\.sshPrivateKey is missing\. Switch it off by hand, and say so/,
  ],
  ["that nobody knows a way to", { greets: null, shut: "the roster does not say" }, "refuse: by-hand"],
  ["whose SSH stays silent", { greets: false, silent: true, shut: "SSH does not answer" }, "refuse: by-hand"],
  ["that fell silent just now", { ...SILENT, alive: "less than 60 s may be a restart" }, "wait", /restart/],
  [
    "whose kubelet is silent, SSH not yet for long",
    { ...SILENT, silent: false },
    "wait",
    /SSH to answer on n2/,
  ],
  [
    "that is silent, and was never told to go off: the network may be cut",
    SILENT,
    "refuse: by-hand",
    /nobody knows whether n2 is off: .* as where only the network is cut\. Switch it off by hand, and say so: attestations: \[\{serial, by, reason\}\]/,
  ],
  ["that is silent, and nobody knows a way to it", { ...SILENT, greets: null }, "refuse: by-hand"],
  ["that is silent, and somebody vouches that it is off", { ...SILENT, attested: true }, "remove"],
  [
    "without a way to it, and somebody vouches that it is off",
    { ...SILENT, greets: null, attested: true },
    "remove",
  ],
  ["that somebody vouches is off, and answers", { shut: "no key", attested: true }, "refuse: by-hand"],
  ["that somebody vouches is off, since a moment", { ...SILENT, attested: true, alive: "a restart" }, "wait"],
  ["that was told to go off, and is silent", OFF, "remove"],
  [
    "that was told to go off, and is silent since a moment",
    { ...OFF, silent: false, alive: "a restart" },
    "remove",
  ],
  ["whose Machine is being deleted", { deleting: true, cordoned: false }, "wait"],
];

/** Each guard: what it stands against, and the harm without it. */
const GUARDS: [id: string, signs: Partial<ReturnSigns>, without: string, why: RegExp][] = [
  ["another-installation", { mark: "another's" }, "switch-off", /the mark of another installation/],
  ["upgrade", { upgrade: "hvst-upgrade-1" }, "switch-off", /hvst-upgrade-1 is under way/],
  ["upgrade", { cordoned: false, upgrade: "hvst-upgrade-1" }, "cordon", /hvst-upgrade-1 is under way/],
  ["upgrade", { ...OFF, upgrade: "hvst-upgrade-1" }, "remove", /hvst-upgrade-1 is under way/],
  ["majority", { cordoned: false, majority: "1 of 3 answer" }, "cordon", /^1 of 3 answer$/],
  ["majority", { majority: "1 of 3 answer" }, "switch-off", /^1 of 3 answer$/],
  ["majority", { ...OFF, majority: "1 of 3 answer" }, "remove", /^1 of 3 answer$/],
  ["last-copy", { lastCopies: ["default/db"] }, "switch-off", /only healthy replica of default\/db is on n2/],
  ["last-copy", { ...OFF, lastCopies: ["default/db"] }, "remove", /default\/db/],
  [
    "virtual-machines",
    { machines: [{ name: "default/gpu", migratable: false }] },
    "drain",
    /cannot be live-migrated: default\/gpu/,
  ],
];

describe("a machine that came back after it had left", () => {
  for (const [what, signs, act, why] of TABLE) {
    it(`${what}: ${act}`, () => {
      const decided = decideOnReturn({ ...BACK, ...signs });
      assert.equal(short(decided), act);
      if (why !== undefined)
        assert.match(JSON.stringify(decided).replaceAll(/^.*"(what|why)":"|"}$/g, ""), why);
    });
  }

  for (const [id, signs, without, why] of GUARDS) {
    it(`guard ${id}: with it ${without} is refused, without it done`, () => {
      const seen = { ...BACK, ...signs };
      const decided = decideOnReturn(seen);
      assert.ok(decided.act === "refuse" && decided.guard === id, JSON.stringify(decided));
      assert.match(decided.why, why);
      const others = FENCE_GUARDS.filter((guard) => guard.id !== id);
      assert.equal(short(decideOnReturn(seen, others)), without);
    });
  }

  it("guard quorum: without it the switch-off leaves etcd without a majority", () => {
    const voter = (name: string, healthy: boolean): NodeFacts => ({
      name,
      role: "management",
      healthy,
      controlPlane: true,
      etcd: true,
      created: 0,
    });
    // n2 came back as a fourth voter, and n3 has died since: three of four answer, and three are needed.
    const nodes = [voter("n1", true), voter("n2", true), voter("n3", false), voter("n4", true)];
    const seen = { ...BACK, quorum: interruptionOf(nodes, "n2").refusal };
    const decided = decideOnReturn(seen);
    assert.ok(
      decided.act === "refuse" && decided.guard === "quorum" && decided.passes,
      JSON.stringify(decided),
    );
    const unguarded = decideOnReturn(
      seen,
      FENCE_GUARDS.filter(({ id }) => id !== "quorum"),
    );
    assert.equal(unguarded.act, "switch-off");
    assert.equal(
      quorumOf(nodes.length, nodes.filter(({ healthy, name }) => healthy && name !== "n2").length).reached,
      false,
    );
  });

  it("a machine that another stack uses keeps its power, and its node of ours goes once it is silent", () => {
    assert.equal(decideOnReturn({ ...BACK, ...OFF, mark: "another's" }).act, "remove");
  });
});
