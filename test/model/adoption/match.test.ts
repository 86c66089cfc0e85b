import assert from "node:assert/strict";
import { type FoundBmc, type FoundNode, matchHosts } from "../../../model/adoption";
import { swapped } from "../../swapped-uuid";
import { bmc, host, node, UUIDS } from "./found";

/** What a person has to decide, one line each. */
function toDecide(nodes: FoundNode[], bmcs: FoundBmc[]): string[] {
  return matchHosts(nodes, bmcs)
    .findings.filter(({ result }) => result === "fail")
    .map(({ subject, check, detail }) => `${subject} ${check}: ${detail}`);
}

describe("matching nodes and BMCs", () => {
  for (const [how, write] of [
    ["as the kubelet does", (uuid: string) => uuid],
    ["in the other byte order", swapped],
    ["in upper case", (uuid: string) => uuid.toUpperCase()],
  ] as const) {
    it(`pairs by the UUID that a BMC reports ${how}`, () => {
      const bmcs = [bmc(2, { uuid: write(UUIDS[1]) }), bmc(1, { uuid: write(UUIDS[0]) })];
      const { bmcs: pairs, findings } = matchHosts([node(1), node(2)], bmcs);
      assert.deepEqual([pairs.get("n1"), pairs.get("n2")], [bmcs[1], bmcs[0]]);
      assert.deepEqual(
        findings.map(({ subject, result }) => [subject, result]),
        [
          ["n1", "ok"],
          ["n2", "ok"],
        ],
      );
    });
  }

  const cases: [string, FoundNode[], FoundBmc[], RegExp[]][] = [
    ["a node without a BMC", [node(1), node(2)], [bmc(1)], [/^n2 BMC: no BMC of the list reports its UUID/]],
    [
      "a BMC without a node",
      [node(1)],
      [bmc(1), bmc(2)],
      [/^https:\/\/192\.0\.2\.132 node: no node .* serial SN2/],
    ],
    [
      "a BMC that is silent",
      [node(1)],
      [{ entry: bmc(1).entry, unread: "connection refused" }],
      [
        /^n1 BMC: .* It may be https:\/\/192\.0\.2\.131/,
        /192\.0\.2\.131 node: it could not be asked: connection refused/,
      ],
    ],
    [
      "a silent BMC that the list names for a node",
      [node(1)],
      [{ entry: { ...bmc(1).entry, node: "n1" }, unread: "connection refused" }],
      [/^n1 host: https:\/\/192\.0\.2\.131 could not be asked: connection refused/],
    ],
    [
      "two BMCs with one UUID",
      [node(1), node(2)],
      [bmc(1), bmc(2, { uuid: UUIDS[0] })],
      [
        /^n1 BMC: https:\/\/192\.0\.2\.131 and https:\/\/192\.0\.2\.132 both claim it/,
        /^n2 BMC: .*192\.0\.2\.132 looks like its BMC and reports another UUID/,
        /192\.0\.2\.131 node: n1 is claimed by another BMC, too/,
        /192\.0\.2\.132 node: n1 is claimed by another BMC, too/,
      ],
    ],
    [
      "two nodes with one UUID",
      [node(1), node(2, { uuid: UUIDS[0] })],
      [bmc(1)],
      [/^n1 BMC: other nodes report its UUID/, /^n2 BMC: other nodes/, /node: n1 and n2 report its UUID/],
    ],
    [
      "a swapped board: serial and MACs agree, the UUID does not",
      [node(1)],
      [bmc(1, { uuid: UUIDS[2] })],
      [
        /^n1 BMC: .*looks like its BMC .*uuid: the node says .* \(differs\); serial: .* \(agrees\)/,
        /no node of the cluster/,
      ],
    ],
    [
      "another serial number under the UUID",
      [node(1)],
      [bmc(1, { serial: "SN9" })],
      [/^n1 host: .*serial: the node says SN1, found SN9 \(differs\).* say so in the list: node: n1/],
    ],
    [
      "other MAC addresses under the UUID",
      [node(1)],
      [bmc(1, { macs: ["a0:36:9f:10:09:00"] })],
      [/^n1 host: .*macs: the node says .*\(differs\)/],
    ],
    [
      "a node that the list names and the cluster does not have",
      [node(1)],
      [bmc(1, {}, { node: "n7" })],
      [/^n1 BMC: /, /node: the list names node n7/],
    ],
    [
      "a pair that the list makes across two UUIDs",
      [node(1)],
      [bmc(2, {}, { node: "n1" })],
      [/^n1 host: .*was named for it and reports another UUID/],
    ],
  ];
  for (const [what, nodes, bmcs, expected] of cases) {
    it(`leaves to a person: ${what}`, () => {
      const found = toDecide(nodes, bmcs);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const [index, pattern] of expected.entries()) assert.match(found[index]!, pattern);
    });
  }

  it("a person may say that serial number and MACs differ", () => {
    const { bmcs, findings } = matchHosts([node(1)], [bmc(1, { serial: "SN9" }, { node: "n1" })]);
    assert.equal(bmcs.size, 1);
    assert.deepEqual(
      findings.map(({ result }) => result),
      ["warn"],
    );
  });

  it("a card that the BMC does not list differs from nothing", () => {
    assert.deepEqual(toDecide([node(1)], [bmc(1, { macs: ["a0:36:9f:10:01:00"] })]), []);
  });

  it("a card that is named without its address is found by its name", () => {
    const installed = { ...host(1).installed };
    installed.network = { ...installed.network, interfaces: [{ name: "ens1f1" }] };
    const found = toDecide(
      [node(1, { host: host(1, { installed }) })],
      [bmc(1, { macs: ["a0:36:9f:10:01:00"] })],
    );
    assert.match(
      found[0] ?? "",
      /macs: the node says a0:36:9f:10:01:01, found a0:36:9f:10:01:00 \(differs\)/,
    );
  });
});
