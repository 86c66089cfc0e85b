import assert from "node:assert/strict";
import { oneVersion } from "../../policies/one-version";
import { stackViolationsOf, UNKNOWN } from "./support";

describe("policy one-version", () => {
  const resource = (kind: string, name: string, version: unknown) => ({
    type: `metal:index:${kind}`,
    name,
    props: { cluster: { version } },
  });

  it("is content where all resources have one version, or do not know it yet", async () => {
    assert.deepEqual(
      await stackViolationsOf(oneVersion, [
        resource("Plan", "plan", "v1.6.1"),
        resource("Machine", "n1", "v1.6.1"),
        resource("Machine", "n2", UNKNOWN),
        { type: "metal:index:Membership", name: "membership", props: { cluster: UNKNOWN } },
        { type: "metal:index:Backup", name: "backup", props: {} },
        { type: "other:index:Thing", name: "x", props: { cluster: { version: "v9" } } },
      ]),
      [],
    );
  });

  it("lets an upgrade pass: members keep the description that they were installed from", async () => {
    const member = resource("Machine", "n1", "v1.6.1");
    assert.deepEqual(
      await stackViolationsOf(oneVersion, [
        resource("Plan", "plan", "v1.7.0"),
        { ...member, props: { ...member.props, phase: "member" } },
      ]),
      [],
    );
  });

  it("names the machine that has another one", async () => {
    const [message, ...rest] = await stackViolationsOf(oneVersion, [
      resource("Plan", "plan", "v1.6.1"),
      resource("Machine", "n1", "v1.6.1"),
      resource("Machine", "n2", "v1.6.0"),
    ]);
    assert.deepEqual(rest, []);
    assert.equal(message, "cluster.version: n2 has v1.6.0, but plan has v1.6.1.");
  });
});
