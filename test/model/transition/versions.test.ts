import assert from "node:assert/strict";
import { judgeFeatureGates } from "../../../model/feature-gates";
import { kubernetesMinor, refusalOfHop, upgradePath } from "../../../model/transition/upgrade-path";
import { RELEASES, releaseOf } from "../../../model/versions";

describe("the way from one release to another", () => {
  const ways: [from: string, to: string, path: string | undefined][] = [
    ["v1.6.1", "v1.7.3", "v1.6.1 v1.7.3"],
    ["v1.4.0", "v1.6.0", "v1.4.0 v1.4.1 v1.4.3 v1.5.1 v1.6.0"],
    ["v1.3.0", "v1.4.0", "v1.3.0 v1.3.1 v1.3.2 v1.4.0"],
    ["v1.5.0", "v1.8.2", "v1.5.0 v1.6.1 v1.7.2 v1.8.2"],
    ["v1.6.1", "v1.6.1", "v1.6.1"],
    ["v1.6.1", "v1.6.0", undefined],
    ["v1.6.1", "v1.99.0", undefined],
  ];
  for (const [from, to, path] of ways) {
    it(`${from} to ${to}: ${path ?? "none"}`, () => assert.equal(upgradePath(from, to)?.join(" "), path));
  }

  it("is made of allowed hops, each with one Kubernetes minor at most, from every release to every newer one", () => {
    for (const [index, { version: from }] of RELEASES.entries()) {
      for (const { version: to } of RELEASES.slice(index + 1)) {
        const path = upgradePath(from, to);
        assert.ok(path !== undefined, `${from} ${to}`);
        assert.deepEqual([path[0], path.at(-1)], [from, to]);
        for (const [hop, version] of path.slice(1).entries()) {
          assert.equal(refusalOfHop(path[hop]!, version), undefined);
          assert.ok(kubernetesMinor(releaseOf(version)!) - kubernetesMinor(releaseOf(path[hop]!)!) <= 1);
        }
        if (path.length > 2) assert.notEqual(refusalOfHop(from, to), undefined, "a detour");
      }
    }
  });

  it("goes over a release between, where Kubernetes would move by two minors", () => {
    const release = (version: string, minor: number) => ({
      version,
      date: "2026-01-01",
      kubernetes: `v1.${minor}.0`,
      minimumUpgradable: "v2.0.0",
    });
    const releases = [release("v2.0.0", 40), release("v2.1.0", 41), release("v2.2.0", 42)];
    assert.equal(refusalOfHop("v2.0.0", "v2.2.0", releases), "kubernetes");
    assert.deepEqual(upgradePath("v2.0.0", "v2.2.0", releases), ["v2.0.0", "v2.1.0", "v2.2.0"]);
  });
});

describe("a feature gate", () => {
  const table: [gate: string, on: boolean, version: string, verdict: string, message: RegExp | undefined][] =
    [
      [
        "AuthorizeNodeWithSelectors",
        false,
        "v1.7.0",
        "error feature-gate-locked",
        /locked to true since Kubernetes 1\.34/,
      ],
      [
        "AuthorizeNodeWithSelectors",
        true,
        "v1.7.0",
        "warning feature-gate-superfluous",
        /from Kubernetes 1\.37 on it will be removed/,
      ],
      [
        "AuthorizeNodeWithSelectors",
        false,
        "v1.6.1",
        "warning feature-gate-temporary",
        /can be switched off/,
      ],
      ["AuthorizeNodeWithSelectors", true, "v1.6.1", "warning feature-gate-superfluous", /is on by default/],
      ["AuthorizeNodeWithSelectors", true, "v1.4.2", "warning feature-gate-temporary", /can be switched on/],
      [
        "AuthorizeNodeWithSelectors",
        false,
        "v1.4.2",
        "warning feature-gate-superfluous",
        /is off by default/,
      ],
      [
        "AuthorizeNodeWithSelectors",
        true,
        "v1.4.0",
        "error feature-gate-unknown",
        /comes with Kubernetes 1\.31/,
      ],
      ["AuthorizeNodeWithSelectors", false, "v1.99.0", "error feature-gate-locked", /locked/],
      [
        "NodeAuthorizerEnablePodSelectors",
        true,
        "v1.6.1",
        "error feature-gate-unknown",
        /Did you mean "AuthorizeNodeWithSelectors"/,
      ],
      [
        "AuthoriseNodeWithSelectors",
        true,
        "v1.6.1",
        "error feature-gate-unknown",
        /Did you mean "AuthorizeNodeWithSelectors"/,
      ],
      [
        "Something",
        true,
        "v1.6.1",
        "error feature-gate-unknown",
        /does not start with one that it does not know\.$/,
      ],
    ];
  for (const [name, on, version, verdict, message] of table) {
    it(`${name}=${on} on ${version}: ${verdict}`, () => {
      const [finding, ...others] = judgeFeatureGates({ [name]: on }, version);
      assert.deepEqual(others, []);
      assert.equal(finding!.property, `featureGates.${name}`);
      assert.equal(`${finding!.severity} ${finding!.rule}`, verdict);
      assert.match(finding!.message, message!);
      assert.ok(finding!.next);
    });
  }
});
