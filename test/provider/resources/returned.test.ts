import assert from "node:assert/strict";
import type { HarvesterClient } from "../../../provider/harvester/client";
import { HarvesterError } from "../../../provider/harvester/errors";
import { nodeFacts } from "../../../provider/harvester/node-facts";
import { returnedBy } from "../../../provider/resources/membership/fence/returned";
import type { MembershipInputs } from "../../../provider/resources/membership/inputs";
import {
  forgetLeft,
  readRoster,
  recordLeft,
  writeRoster,
} from "../../../provider/resources/membership/roster";
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
  let version = 0;
  const client = {
    configMap: async () => stored,
    applyConfigMap: async (_namespace: string, _name: string, data: Record<string, string>) => {
      stored = data;
      version += 1;
    },
    kube: {
      find: async () => ({ metadata: { name: "roster", resourceVersion: `${version}` }, data: stored }),
      merge: async (_path: string, change: { metadata: { resourceVersion: string }; data: object }) => {
        if (change.metadata.resourceVersion !== `${version}`) throw new HarvesterError(409, "conflict");
        stored = { ...stored, ...change.data };
        version += 1;
      },
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

  it("nobody, once the machine is installed again, for whoever does not describe it yet, too", async () => {
    const client = await clusterWithout();
    assert.equal(await forgetLeft(client, { incarnation: INCARNATION }, n2!.hardware.uuid), true);
    const roster = await readRoster(client);
    assert.deepEqual(returnedBy(roster, [node], others, INCARNATION), []);
    assert.deepEqual(
      roster.members.map(({ key }) => key),
      ["n1", "n3"],
    );
  });

  it("and what others write meanwhile is not overwritten by that", async () => {
    const client = await clusterWithout();
    const { kube } = client;
    const { uuid, serial } = validNode(3).hardware;
    const slow = {
      find: async (path: string, what: string) => {
        const found = await kube.find(path, what);
        const left = {
          key: "n3",
          uuid,
          serial,
          installation: "i-n3",
          at: "",
          how: "left" as const,
          fence: "",
        };
        await recordLeft(client, inputs, left);
        return found;
      },
      merge: kube.merge,
    } as unknown as typeof kube;
    assert.equal(await forgetLeft({ kube: slow }, { incarnation: INCARNATION }, n2!.hardware.uuid), false);
    assert.deepEqual(
      (await readRoster(client)).left.map(({ key }) => key),
      ["n2", "n3"],
    );
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
