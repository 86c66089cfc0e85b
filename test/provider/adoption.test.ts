/** What follows from the marks that nodes carry, without a cluster. */
import assert from "node:assert/strict";
import { intentId } from "../../model/hardware";
import { adoptedIncarnationId, joinToken, seedWithToken, sshHostKey } from "../../model/identity";
import { incarnationOf, missingLabels, reinstallationsOf } from "../../provider/adoption/marks";
import { adoptingResources } from "../../provider/adoption/resources";
import { nodeFacts } from "../../provider/harvester/node-facts";
import { INCARNATION_LABEL, INSTALLATION_LABEL } from "../../provider/resources/machine/inputs";
import type { MembershipInputs } from "../../provider/resources/membership/inputs";

const HARDWARE = { uuid: "4c4c4544-0037-3510-8054-b7c04f4d4331", serial: "SN1" };
const SEED = "5e".repeat(32);

function node(labels: Record<string, string>) {
  return nodeFacts({
    metadata: { name: "n1", labels },
    status: { nodeInfo: { systemUUID: HARDWARE.uuid.toUpperCase() } },
  });
}

describe("the mark of an adoption", () => {
  it("is the same whoever adopts, and the one that a lost state left where there is one", () => {
    const derived = adoptedIncarnationId("uid of kube-system");
    assert.match(derived, /^[0-9a-f]{12}$/);
    assert.equal(incarnationOf([node({})], "uid of kube-system"), derived);
    assert.notEqual(incarnationOf([node({})], "another uid"), derived);
    assert.equal(
      incarnationOf([node({ [INCARNATION_LABEL]: "aaaaaaaaaaaa" }), node({})], "uid"),
      "aaaaaaaaaaaa",
    );
  });

  it("is none where nodes carry those of several clusters", () => {
    const nodes = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"].map((id) => node({ [INCARNATION_LABEL]: id }));
    assert.equal(incarnationOf(nodes, "uid"), undefined);
  });

  it("tells how often a machine was installed, and where it was another host then", () => {
    const incarnation = "aaaaaaaaaaaa";
    const installed = (reinstall: number, serial = "SN1") =>
      node({ [INSTALLATION_LABEL]: intentId({ incarnation, hardware: { ...HARDWARE, serial }, reinstall }) });
    assert.equal(reinstallationsOf(node({}), HARDWARE, incarnation), 0);
    assert.equal(reinstallationsOf(installed(2), HARDWARE, incarnation), 2);
    assert.equal(reinstallationsOf(installed(0, "SN9"), HARDWARE, incarnation), undefined);
  });

  it("adds only what is not there", () => {
    const inputs = {
      identity: { incarnation: "aaaaaaaaaaaa" },
      members: [{ key: "n1", node: { hardware: HARDWARE }, installation: "cccccccccccc" }],
    } as unknown as MembershipInputs;
    const half = { [INCARNATION_LABEL]: "aaaaaaaaaaaa" };
    assert.deepEqual(missingLabels(inputs, [node(half)]), [
      { node: "n1", labels: { [INSTALLATION_LABEL]: "cccccccccccc" } },
    ]);
    assert.deepEqual(missingLabels(inputs, [node({ ...half, [INSTALLATION_LABEL]: "cccccccccccc" })]), []);
  });
});

describe("the seed of an adopted cluster", () => {
  const token = "K10a:b::node:c d";
  const seed = seedWithToken(SEED, "aaaaaaaaaaaa", token);

  it("holds the join token that the cluster has, for that life of it alone", () => {
    assert.equal(joinToken(seed, "aaaaaaaaaaaa"), token);
    assert.equal(joinToken(seed, "bbbbbbbbbbbb"), joinToken(SEED, "bbbbbbbbbbbb"));
  });

  it("gives the same keys as the seed alone", () => {
    assert.deepEqual(sshHostKey(seed, HARDWARE), sshHostKey(SEED, HARDWARE));
  });
});

describe("the provider of an adoption", () => {
  const resources = adoptingResources({
    identity: { incarnation: "aaaaaaaaaaaa", creator: { key: "n1", ...HARDWARE }, seed: SEED },
    nodes: [],
    kubeconfig: "",
    caFingerprint: "",
    hostKeys: {},
    power: {},
  });

  for (const resource of resources) {
    it(`changes and removes no ${resource.token}`, async () => {
      await assert.rejects(resource.update({} as never, {} as never), /nothing is changed or removed/);
      await assert.rejects(resource.delete({} as never, {} as never), /nothing is changed or removed/);
    });
  }
});
