import assert from "node:assert/strict";
import type { ClusterDescription } from "../../../model/description";
import { approvalOf, needsApproval, planTransition, type TransitionRequest } from "../../../model/transition";
import { clusterOf, factsOf, LAB, withNodes } from "./cluster";

const lab = clusterOf(LAB);
const reinstalled = withNodes(lab, { n2: { reinstall: 1 } });

function approve(request: Partial<TransitionRequest> = {}, incarnation = "0123456789ab"): string {
  const wanted: TransitionRequest = { before: lab, after: reinstalled, facts: factsOf(lab), ...request };
  const nodes = Object.entries((wanted.after as ClusterDescription).nodes);
  const hardware = Object.fromEntries(nodes.map(([key, node]) => [key, node.hardware]));
  return approvalOf(planTransition(wanted), { incarnation, hardware });
}

describe("an approval", () => {
  it("is asked for where a step is final, and nowhere else", () => {
    const asks = (after: ClusterDescription) =>
      needsApproval(planTransition({ before: lab, after, facts: factsOf(lab) }));
    assert.equal(asks(reinstalled), true);
    assert.equal(asks({ ...lab, version: "v1.7.3" }), true);
    assert.equal(asks(withNodes(lab, { n4: undefined })), false);
    assert.equal(asks(lab), false);
  });

  it("is short, and the same for the same change", () => {
    assert.match(approve(), /^[0-9a-f]{12}$/);
    assert.equal(approve(), approve());
  });

  it("does not change with times, with virtual machines, with steps that can be undone, with the spelling of identities", () => {
    const facts = factsOf(
      lab,
      {},
      {
        asOf: "2027-01-01T00:00:00Z",
        virtualMachines: [{ name: "default/web", node: "n2", migratable: true }],
      },
    );
    assert.equal(approve({ facts }), approve());
    assert.equal(approve({ after: withNodes(reinstalled, { n5: { role: "worker" } }) }), approve());
    const { uuid } = lab.nodes.n2!.hardware;
    const spelt = { hardware: { uuid: uuid.toUpperCase(), serial: "sn2 " } };
    assert.equal(approve({ after: withNodes(reinstalled, { n2: spelt }) }), approve());
  });

  it("is for one time: the next reinstallation of the same host, and its next removal, ask for another", () => {
    const twice = withNodes(lab, { n2: { reinstall: 2 } });
    const again = { before: reinstalled, facts: factsOf(lab, { n2: { reinstall: 1 } }) };
    assert.notEqual(approve({ ...again, after: twice }), approve());
    const spare = clusterOf("management management management default");
    const removal = (count: number) => {
      const before = withNodes(spare, { n2: { reinstall: count } });
      const transition = planTransition({
        before,
        after: withNodes(before, { n2: undefined }),
        facts: factsOf(spare, { n2: { healthy: false, reinstall: count } }),
      });
      assert.equal(needsApproval(transition), true);
      return approvalOf(transition, { incarnation: "0123456789ab", hardware: {} });
    };
    assert.notEqual(removal(1), removal(0));
  });

  it("changes with the node, its disks, its host, the version, the incarnation and what was overridden", () => {
    const disks = { install: { device: "/dev/disk/by-id/other", serial: "OTHER" } };
    const others = [
      approve({ after: withNodes(lab, { n3: { reinstall: 1 } }) }),
      approve({ after: withNodes(reinstalled, { n2: { disks } }) }),
      approve({
        after: withNodes(reinstalled, {
          n2: { hardware: { uuid: lab.nodes.n2!.hardware.uuid, serial: "NEW" } },
        }),
      }),
      approve({
        before: { ...lab, version: "v1.6.0" },
        after: { ...reinstalled, version: "v1.6.0" },
        facts: factsOf({ ...lab, version: "v1.6.0" }),
      }),
      approve({}, "ba9876543210"),
      approve({
        after: {
          ...withNodes(reinstalled, { n3: { reinstall: 1 } }),
          overrides: [{ rule: "one-reinstall", reason: "the site closes tonight" }],
        },
      }),
    ];
    assert.equal(new Set([approve(), ...others]).size, others.length + 1);
  });
});
