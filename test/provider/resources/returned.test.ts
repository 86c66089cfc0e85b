import assert from "node:assert/strict";
import type { HarvesterClient } from "../../../provider/harvester/client";
import { nodeFacts } from "../../../provider/harvester/node-facts";
import { returnedBy } from "../../../provider/resources/membership/fence/returned";
import type { MembershipInputs } from "../../../provider/resources/membership/inputs";
import { readRoster, recordLeft, writeRoster } from "../../../provider/resources/membership/roster";
import { UNKNOWN } from "../../../provider/shell/resource";
import { validDescription, validNode } from "../../model/description";

const INCARNATION = "0123456789ab";
const cluster = validDescription(3);
const inputs = {
  cluster,
  identity: { incarnation: INCARNATION, creator: { key: "n1", uuid: "", serial: "" }, seed: "00".repeat(32) },
  members: Object.entries(cluster.nodes).map(([key, node]) => ({ key, node, installation: `i-${key}` })),
} as MembershipInputs;
const { n2, ...others } = cluster.nodes;
const node = nodeFacts({ metadata: { name: "n2" }, status: { nodeInfo: { systemUUID: n2!.hardware.uuid } } });

/** A cluster that keeps one ConfigMap, from which n2 has left. */
async function clusterWithout(): Promise<HarvesterClient> {
  let stored: Record<string, string> | undefined;
  const client = {
    configMap: async () => stored,
    applyConfigMap: async (_namespace: string, _name: string, data: Record<string, string>) => {
      stored = data;
    },
  } as unknown as HarvesterClient;
  await writeRoster(client, inputs);
  const { uuid, serial } = n2!.hardware;
  const left = { key: "n2", uuid, serial, installation: "i-n2", at: "", how: "left" as const, fence: "" };
  await recordLeft(client, inputs, left);
  return client;
}

describe("the roster tells who came back after it had left", () => {
  it("and remembers how the machine was reached, host key included", async () => {
    const [back] = returnedBy(await readRoster(await clusterWithout()), [node], others, INCARNATION);
    assert.equal(back?.node, "n2");
    assert.equal(back?.released.reach?.address, validNode(2).address);
    assert.match(back!.released.reach!.hostKey, /^ssh-ed25519 /);
  });

  it("nobody, where it is the roster of another life of the cluster", async () => {
    const roster = await readRoster(await clusterWithout());
    assert.deepEqual(returnedBy(roster, [node], others, "ba9876543210"), []);
  });

  it("nobody, while a described host is not known yet: it might be the one", async () => {
    const roster = await readRoster(await clusterWithout());
    const n5 = { ...n2!, hardware: UNKNOWN as never };
    assert.deepEqual(returnedBy(roster, [node], { ...others, n5 }, INCARNATION), []);
  });
});
