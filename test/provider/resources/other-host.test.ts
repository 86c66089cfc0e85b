import assert from "node:assert/strict";
import type { SystemFacts } from "../../../provider/redfish/facts";
import { recordHosts } from "../../../provider/resources/hosts";
import { refuseOtherHost } from "../../../provider/resources/machine/look";
import { RunFacts } from "../../../provider/shell/run";
import { validDescription } from "../../model/description";

describe("a BMC that reports another host", () => {
  const { nodes } = validDescription(2);
  const n2 = nodes.n2!.hardware.uuid;

  /** What is said of n1, whose BMC reports this UUID. */
  function said(uuid: string, facts: RunFacts): string {
    const { serial } = nodes.n1!.hardware;
    const macs = nodes.n1!.interfaces.map(({ hwAddr }) => ({ mac: hwAddr, name: "nic" }));
    const observed = { uuid, serial, nics: macs, drives: [] } as unknown as SystemFacts;
    try {
      refuseOtherHost({ facts }, { key: "n1", node: nodes.n1! }, observed);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  }

  function described(): RunFacts {
    const facts = new RunFacts();
    const hosts = Object.entries(nodes).map(([key, { hardware }]) => ({ key, hardware }));
    recordHosts(facts, "urn:cluster", hosts);
    return facts;
  }

  it("is told whose UUID that is, where the description says it of another node, in either byte order", () => {
    assert.match(said(n2, described()), /of n1 .*That is the UUID of nodes\.n2: .*nodes\.n1\.bmc\.endpoint/);
    const swapped = n2.replace(/^(..)(..)(..)(..)-(..)(..)-(..)(..)/, "$4$3$2$1-$6$5-$8$7").toUpperCase();
    assert.match(said(swapped, described()), /That is the UUID of nodes\.n2/);
  });

  it("is told nothing of the kind about a host that nobody declares, or where no description was heard of", () => {
    assert.match(said("11111111-2222-4333-8444-555555555555", described()), /does not report the host that/);
    assert.doesNotMatch(said("11111111-2222-4333-8444-555555555555", described()), /That is the UUID/);
    assert.doesNotMatch(said(n2, new RunFacts()), /That is the UUID/);
  });

  it("is no other host where it is the declared one", () => {
    assert.equal(said(nodes.n1!.hardware.uuid, described()), "");
  });
});
