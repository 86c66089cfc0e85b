import assert from "node:assert/strict";
import { notDescribed } from "../../cli/status/not-described";
import { renderMarkdown, renderText } from "../../cli/status/render";
import { type ClusterStatus, isWell, type NodeReport } from "../../cli/status/status";
import type { ClusterDescription } from "../../model/description";
import { LEAVING, nodeFacts } from "../../provider/harvester/node-facts";

const uuid = (last: number) => `4c4c4544-0000-4000-8000-00000000000${last}`;

const hardware = (last: number) => ({ uuid: uuid(last), serial: `S${last}` });

const description = {
  nodes: { n1: { hardware: hardware(1) }, n2: { hardware: hardware(3), wasHardware: hardware(2) } },
} as unknown as ClusterDescription;

/** What the cluster says about a node that is Ready. */
const node = (name: string, systemUUID: string, annotations: Record<string, string> = {}) =>
  nodeFacts({
    metadata: { name, annotations },
    status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { systemUUID } },
  });

const ours: NodeReport = {
  name: "n1",
  hardware: hardware(1),
  role: "default",
  ready: true,
  controlPlane: true,
  etcdVoter: true,
  etcdLeader: true,
  vipHolder: true,
  version: "v1.6.1",
  power: "On",
  since: null,
};

const status = (changes: Partial<ClusterStatus> = {}): ClusterStatus => ({
  at: "2026-01-01T00:00:00.000Z",
  stack: "berlin",
  cluster: "hv",
  vip: { address: "192.0.2.10", url: "https://192.0.2.10", reachable: true, holder: "n1" },
  quorum: { members: 1, healthy: 1, tolerance: 0 },
  nodes: [ours],
  notDescribed: [],
  notKnown: [],
  ...changes,
});

describe("npm run status and nodes that nobody described", () => {
  it("tells them by their UUID: a described machine under another name, or with its board swapped, is none", () => {
    const found = [
      node("n9", uuid(9)),
      node("renamed", uuid(1).toUpperCase()),
      node("n2", uuid(2)),
      node("blank", ""),
    ];
    assert.deepEqual(
      notDescribed(description, found).map(({ name }) => name),
      ["blank", "n9"],
    );
  });

  it("names each, in text and in Markdown, and what there is to do; who was taken out of the description is on the way out", () => {
    const found = status({
      notDescribed: notDescribed(description, [
        node("n8", uuid(8), { [LEAVING]: "emptying" }),
        node("n9", uuid(9)),
      ]),
    });
    for (const text of [renderText(found), renderMarkdown(found)]) {
      assert.match(
        text,
        /^Not described: node n8 \(Ready; UUID 4c[^)]*8\): it is on its way out of the cluster/m,
      );
      assert.match(
        text,
        /^Not described: node n9 \(Ready; UUID 4c[^)]*9\): the cluster has it and the description does not name it/m,
      );
    }
    assert.doesNotMatch(renderText(status()), /Not described/);
  });

  it("not all is well with one of them, nor with a node that is not Ready, nor where nothing answers", () => {
    assert.equal(isWell(status()), true);
    assert.equal(isWell(status({ notDescribed: notDescribed(description, [node("n9", uuid(9))]) })), false);
    assert.equal(isWell(status({ nodes: [ours, { ...ours, name: "n2", ready: false }] })), false);
    assert.equal(isWell(status({ vip: { ...status().vip, reachable: false } })), false);
  });
});
