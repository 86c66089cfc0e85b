import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { HarvesterCluster, type HarvesterClusterArgs } from "../../components";
import { withSecrets } from "../../components/secrets";
import { validDescription } from "../model/description";

/** What a program registered. Mocks wrap an input that holds a secret anywhere into an object with its `value`. */
interface Registered {
  name: string;
  type: string;
  inputs: Record<string, unknown>;
}

describe("HarvesterCluster", () => {
  let registered: Registered[];

  beforeEach(async () => {
    registered = [];
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, type, inputs }) => {
          registered.push({ name, type, inputs });
          return { id: name, state: { ...inputs, ...outputsOf(type, name) } };
        },
        call: ({ inputs }) => inputs,
      },
      "project",
      "stack",
      false,
    );
  });

  function build(nodes = 3) {
    const cluster = new HarvesterCluster("any", validDescription(nodes));
    const outputs = pulumi.all([cluster.vipUrl, cluster.nodes, cluster.kubeconfig, cluster.lastChange]);
    return new Promise<[string, unknown, string, unknown]>((resolve) => {
      outputs.apply((values) => resolve(values as [string, unknown, string, unknown]));
    });
  }

  const ofType = (name: string) => registered.filter(({ type }) => type === `metal:index:${name}`);

  it("registers one plan, one identity, a machine for each node, one membership", async () => {
    await build();
    assert.deepEqual(
      ["Plan", "Cluster", "Machine", "Membership"].map((type) => ofType(type).map(({ name }) => name)),
      [["plan"], ["cluster"], ["n1", "n2", "n3"], ["membership"]],
    );
  });

  it("leaves it to the plan to say what a description lacks", async () => {
    new HarvesterCluster("any", {} as HarvesterClusterArgs);
    await pulumi.runtime.disconnect();
    assert.deepEqual(
      ofType("Plan").map(({ name }) => name),
      ["plan"],
    );
  });

  it("names nothing below it after itself, so that it can be renamed", async () => {
    await build();
    const below = registered.filter(({ type }) => type !== "harvester:index:HarvesterCluster");
    assert.deepEqual(
      below.filter(({ name }) => name.includes("any")),
      [],
    );
  });

  it("hands each step the receipt of the one before", async () => {
    await build(1);
    assert.equal(ofType("Cluster")[0]!.inputs.plan, "receipt of plan");
    const machine = ofType("Machine")[0]!.inputs.identity as Record<string, unknown>;
    assert.equal(machine.incarnation, "incarnation of cluster");
    const { value: members } = ofType("Membership")[0]!.inputs.members as {
      value: Record<string, unknown>[];
    };
    assert.equal(members[0]!.installation, "installation of n1");
  });

  it("marks every password as a secret, though the program gave it in clear", async () => {
    const { access, nodes, name } = withSecrets(validDescription(1));
    assert.equal(await pulumi.isSecret(access.adminPassword as pulumi.Output<string>), true);
    assert.equal(await pulumi.isSecret(nodes.n1!.bmc.password as pulumi.Output<string>), true);
    assert.equal(name, "demo");
  });

  it("offers the VIP's URL, the kubeconfig, the nodes and what the last change did", async () => {
    const [vipUrl, nodes, kubeconfig, lastChange] = await build(1);
    assert.equal(lastChange, "last change of membership");
    assert.equal(vipUrl, "https://192.168.10.10");
    assert.deepEqual(nodes, ["nodes of membership"]);
    assert.equal(kubeconfig, "kubeconfig of membership");
  });
});

function outputsOf(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "metal:index:Plan":
      return { receipt: `receipt of ${name}` };
    case "metal:index:Cluster":
      return { incarnation: `incarnation of ${name}`, creator: {}, seed: "seed" };
    case "metal:index:Machine":
      return { installation: `installation of ${name}`, hostname: name, sshHostKey: "ssh-ed25519 AAAA" };
    case "metal:index:Membership":
      return {
        kubeconfig: `kubeconfig of ${name}`,
        nodes: [`nodes of ${name}`],
        lastChange: `last change of ${name}`,
      };
    default:
      return {};
  }
}
