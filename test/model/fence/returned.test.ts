import assert from "node:assert/strict";
import { ofReturn, type ReleasedMachine, returnedMachines } from "../../../model/fence";
import { planTransition } from "../../../model/transition";
import { validDescription, validNode } from "../description";

const { uuid, serial } = validNode(2).hardware;
const [first, ...rest] = uuid.split("-");
/** The same host as a firmware of another age shows it. */
const swapped = [first!, ...rest.slice(0, 2)]
  .map((field) => field.match(/../g)!.reverse().join("").toUpperCase())
  .concat(rest.slice(2))
  .join("-");

const LEFT: ReleasedMachine = {
  key: "n2",
  uuid,
  serial,
  installation: "installed-once",
  at: "2026-03-01T12:00:00Z",
  how: "removed",
  fence: "attested by Ada: power cables pulled",
};
const { n2, ...others } = validDescription(3).nodes;

interface Case {
  what: string;
  uuid?: string;
  installation?: string;
  left?: ReleasedMachine[];
  described?: Parameters<typeof returnedMachines>[0]["described"];
  evicted?: string[];
  back: boolean;
}

const TABLE: Case[] = [
  { what: "whose host left", back: true },
  { what: "whose host left, under the other byte order of its UUID", uuid: swapped, back: true },
  { what: "that nobody knows", left: [], back: false },
  { what: "of another host than the one that left", uuid: validNode(9).hardware.uuid, back: false },
  { what: "whose host left, as it was installed then", installation: "installed-once", back: true },
  { what: "whose host was installed anew since", installation: "installed-again", back: false },
  { what: "whose kubelet reports no UUID", uuid: "", back: false },
  {
    what: "whose host is described again, under another key",
    described: { ...others, n5: n2! },
    back: false,
  },
  {
    what: "whose host is described again with a swapped board",
    described: { ...others, n5: { ...validNode(5), wasHardware: n2!.hardware } },
    back: false,
  },
  {
    what: "whose host was evicted, which nobody has answered",
    described: { ...others, n2: n2! },
    evicted: ["n2"],
    back: true,
  },
];

describe("machines that left, and are nodes again", () => {
  for (const { what, back, ...given } of TABLE) {
    it(`a node ${what}: ${back ? "it is one" : "it is none"}`, () => {
      const { uuid: seen = uuid, installation, left = [LEFT], described = others, evicted = [] } = given;
      const nodes = [
        { name: "n1", uuid: validNode(1).hardware.uuid },
        { name: "worker-7", uuid: seen, installation },
      ];
      const found = returnedMachines({ nodes, left, described, evicted });
      assert.deepEqual(found, back ? [{ node: "worker-7", released: LEFT }] : []);
    });
  }

  it("the last time that a host left counts", () => {
    const again = { ...LEFT, key: "n5", at: "2026-04-01T12:00:00Z" };
    const nodes = [{ name: "n5", uuid }];
    const [found] = returnedMachines({ nodes, left: [LEFT, again], described: others, evicted: [] });
    assert.equal(found?.released.key, "n5");
  });

  it("what is said of one names the machine, when it left, how it was fenced, and what follows", () => {
    const { message, next } = ofReturn({ node: "n2", released: LEFT });
    assert.match(
      message,
      /^the machine of n2 \(serial SN2\), which was removed dead at 2026-03-01T12:00:00Z \(attested by Ada: power cables pulled\)/,
    );
    assert.match(message, /is in the cluster again, as the node n2/);
    assert.match(next, /take n2 out of use, switch the machine off and remove the node/);
    assert.match(next, /If it is wanted after all, describe it/);
  });

  it("every change is told of it, and none is stopped by it", () => {
    const before = validDescription(3);
    const returned = [{ node: "n9", released: { ...LEFT, key: "n9" } }];
    const about = (after: typeof before) =>
      planTransition({ before, after, returned }).findings.filter(
        ({ rule }) => rule === "released-stays-out",
      );
    assert.deepEqual(about(before), []);
    const [finding] = about({ ...before, allowDestroy: true });
    assert.equal(finding?.severity, "warning");
    assert.match(finding!.message, /the machine of n9 .* It does not count in what is said here/);
  });
});
