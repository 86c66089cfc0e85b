import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareVersions,
  isAtLeast,
  NEWEST_KNOWN_VERSION,
  OLDEST_SUPPORTED_VERSION,
  parseVersion,
  RELEASES,
  releaseOf,
} from "../../model/versions";
import { holds } from "./property";

const versions = fc
  .tuple(fc.nat(3), fc.nat(20), fc.nat(12), fc.option(fc.constantFrom("rc1", "rc2", "rc10")))
  .map(([major, minor, patch, rc]) => `v${major}.${minor}.${patch}${rc === null ? "" : `-${rc}`}`);

describe("versions", () => {
  it("are read with their v, three numbers and perhaps a candidate", () => {
    assert.deepEqual(parseVersion("v1.9.0-rc6"), { major: 1, minor: 9, patch: 0, prerelease: "rc6" });
    for (const text of ["1.6.1", "v1.6", "v1.06.1", "v1.6.1 ", "v1.6.1-", ""])
      assert.equal(parseVersion(text), undefined);
    assert.throws(() => compareVersions("1.6.1", "v1.6.1"), /not a Harvester version/);
  });

  it("are ordered by number, candidates before their release", () => {
    const order = ["v1.3.2", "v1.9.0-rc2", "v1.9.0-rc10", "v1.9.0", "v1.10.0"];
    assert.deepEqual([...order].reverse().sort(compareVersions), order);
  });

  it("are totally ordered", () => {
    holds(
      fc.property(versions, versions, versions, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
        assert.equal(compareVersions(a, b) === 0, a === b);
      }),
    );
  });

  it("reach a version with their candidates", () => {
    assert.ok(isAtLeast("v1.5.0", "1.5"));
    assert.ok(isAtLeast("v1.5.0-rc1", "1.5"));
    assert.ok(isAtLeast("v2.0.0", "1.5"));
    assert.ok(!isAtLeast("v1.4.9", "1.5"));
    assert.ok(!isAtLeast("v1.3.1", "1.3.2"));
  });
});

describe("releases", () => {
  it("are listed once each, oldest first, and upgrade from something older", () => {
    const names = RELEASES.map((release) => release.version);
    assert.deepEqual([...names].sort(compareVersions), names);
    assert.equal(new Set(names).size, names.length);
    for (const { version, minimumUpgradable } of RELEASES)
      assert.ok(compareVersions(minimumUpgradable, version) < 0);
    assert.equal(names[0], OLDEST_SUPPORTED_VERSION);
    assert.equal(names.at(-1), NEWEST_KNOWN_VERSION);
  });

  it("carry their Kubernetes version", () => {
    assert.equal(releaseOf("v1.6.1")?.kubernetes, "v1.33.5");
    assert.equal(releaseOf("v1.6.99"), undefined);
  });
});
