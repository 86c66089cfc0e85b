import assert from "node:assert/strict";
import { type Reached, refuseUnknownKey } from "../../../provider/resources/membership/ssh-key";
import { clusterOf } from "../../model/transition/cluster";

const withKey = (sshPrivateKey: string | undefined) => {
  const { access, ...cluster } = clusterOf("management");
  return { cluster: { ...cluster, access: { ...access, sshPrivateKey } as typeof access } };
};

const node = (key: string, fails?: string): Reached => {
  const ask = async () => {
    if (fails !== undefined) throw new Error(fails);
    return { code: 0, stdout: "", stderr: "" };
  };
  return { key, shell: { ask, act: ask } };
};

describe("another SSH key", () => {
  const warned: string[] = [];
  const ctx = { warn: (message: string) => void warned.push(message) };
  const judged = (before: string | undefined, after: string | undefined, nodes: Reached[]) =>
    refuseUnknownKey(ctx, withKey(before), withKey(after), nodes);
  const shut = node("n2", "rancher@n2:22: All configured authentication methods failed");

  beforeEach(() => {
    warned.length = 0;
  });

  it("is refused where a node does not know it", async () => {
    await assert.rejects(
      judged("old", "new", [node("n1"), shut]),
      /sshPrivateKey: n2 does not let it in.*authorized_keys/,
    );
    await assert.rejects(judged(undefined, "new", [shut]), /n2/);
  });

  it("is taken where all know it, and nobody is asked about one that stays", async () => {
    await judged("old", "new", [node("n1")]);
    await judged("old", "old", [shut]);
    await judged("old", undefined, [shut]);
    assert.deepEqual(warned, []);
  });

  it("is taken with a warning where a node cannot be reached", async () => {
    await judged("old", "new", [node("n1"), node("n3", "connect ECONNREFUSED")]);
    assert.match(warned.join(), /n3.*ECONNREFUSED/);
  });
});
