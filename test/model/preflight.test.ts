import assert from "node:assert/strict";
import fc from "fast-check";
import { type PreflightFacts, predictPreflight } from "../../model/preflight";
import { RELEASES } from "../../model/versions";
import { holds } from "./property";

const GIB = 2 ** 30;
const good: PreflightFacts = {
  threads: 32,
  cores: 16,
  memoryGiB: 64,
  nics: [
    { name: "ens1f0", mbps: 10_000 },
    { name: "ens1f1", mbps: 25_000 },
  ],
  bootMode: "uefi",
  disks: { install: 180 * GIB, data: { bytes: 50 * GIB } },
};

describe("the predicted preflight", () => {
  const said = (facts: Partial<PreflightFacts>, version = "v1.6.1", skipChecks = false) =>
    predictPreflight({ ...good, ...facts }, version, skipChecks).map(
      ({ property, rule, severity }) => `${property} ${rule} ${severity}`,
    );

  it("passes a host that has it all, and one of which nothing is known", () => {
    for (const { version } of RELEASES) {
      assert.deepEqual(predictPreflight(good, version), [], version);
      assert.deepEqual(predictPreflight({}, version), [], version);
    }
  });

  const minima: [what: string, facts: Partial<PreflightFacts>, problem: string, message: RegExp][] = [
    [
      "threads for tests",
      { threads: 7 },
      "hardware preflight-processors error",
      /7 hardware threads.*wants 8 at least/,
    ],
    [
      "threads for production",
      { threads: 15 },
      "hardware preflight-processors error",
      /below 16.*production/,
    ],
    ["memory for tests", { memoryGiB: 30 }, "hardware preflight-memory error", /30 GiB of memory.*wants 32/],
    ["memory for production", { memoryGiB: 48 }, "hardware preflight-memory error", /below 64/],
    [
      "speed for tests",
      { nics: [{ name: "eno1", mbps: 100 }] },
      "interfaces preflight-nic-speed error",
      /eno1 runs at 100 Mbit\/s.*wants 1000 at least/,
    ],
    [
      "speed for production, of one interface in the bond",
      { nics: [good.nics![0]!, { name: "eno2", mbps: 1000 }] },
      "interfaces preflight-nic-speed error",
      /eno2 runs at 1000/,
    ],
  ];
  for (const [what, facts, expected, message] of minima) {
    it(`misses ${what}, unless checks are skipped`, () => {
      assert.deepEqual(said(facts), [expected]);
      assert.match(predictPreflight({ ...good, ...facts }, "v1.6.1")[0]!.message, message);
      assert.deepEqual(said(facts, "v1.6.1", true), []);
    });
  }

  it("keeps the minima themselves, and allows for memory that firmware takes", () => {
    assert.deepEqual(said({ threads: 16, memoryGiB: 62.7 }), []);
  });

  it("is certain by cores only where twice as many threads would not do either", () => {
    const byCores = (cores: number) => {
      const { threads: _, ...others } = good;
      return predictPreflight({ ...others, cores }, "v1.6.1").map(({ severity }) => severity);
    };
    assert.deepEqual(byCores(16), []);
    assert.deepEqual(byCores(8), ["warning"]);
    assert.deepEqual(byCores(7), ["error"]);
  });

  it("concludes nothing from a link that is down", () => {
    assert.deepEqual(said({ nics: [{ name: "eno1" }, { name: "eno2", mbps: 0 }] }), []);
  });

  it("knows when legacy BIOS began to stop the installer, and that nothing skips it from v1.8 on", () => {
    const problem = "hardware preflight-boot-mode error";
    assert.deepEqual(said({ bootMode: "legacy" }, "v1.6.1"), []);
    assert.deepEqual(said({ bootMode: "legacy" }, "v1.7.0"), [problem]);
    assert.deepEqual(said({ bootMode: "legacy" }, "v1.7.0", true), []);
    assert.deepEqual(said({ bootMode: "legacy" }, "v1.8.0"), [problem]);
    assert.deepEqual(said({ bootMode: "legacy" }, "v1.8.0", true), [problem]);
  });

  it("knows the least sizes of disks by role and version", () => {
    const install = "disks.install preflight-disk error";
    const only = (gib: number, role: PreflightFacts["role"], version: string) =>
      said({ role: role ?? "default", disks: { install: gib * GIB } }, version);
    assert.deepEqual(only(250, "default", "v1.6.1"), []);
    assert.deepEqual(only(249, "default", "v1.6.1"), [install]);
    assert.deepEqual(only(180, "witness", "v1.6.0"), []);
    assert.deepEqual(only(179, "witness", "v1.6.0"), [install]);
    assert.deepEqual(only(180, "witness", "v1.5.2"), [install]);
    assert.deepEqual(said({ disks: { install: 179 * GIB, data: { bytes: 49 * GIB } } }), [
      install,
      "disks.data preflight-disk error",
    ]);
    assert.deepEqual(said({ disks: { install: 180 * GIB, data: {} } }), []);
  });

  it("knows that skipping checks reaches the sizes of disks from v1.8 on", () => {
    const small = { disks: { install: 100 * GIB } };
    assert.equal(said(small, "v1.7.3", true).length, 1);
    assert.match(predictPreflight({ ...good, ...small }, "v1.7.3", true)[0]!.message, /does not help/);
    assert.deepEqual(said(small, "v1.8.0", true), []);
  });

  it("never says more of a host that has more", () => {
    const size = fc.integer({ min: 0, max: 400 });
    holds(
      fc.property(size, size, fc.integer({ min: 0, max: 100 }), fc.boolean(), (count, gib, more, skip) => {
        const facts = (plus: number): PreflightFacts => ({
          threads: count + plus,
          memoryGiB: count + plus,
          disks: { install: (gib + plus) * GIB },
        });
        for (const version of ["v1.5.0", "v1.7.0", "v1.8.0"]) {
          assert.ok(
            predictPreflight(facts(more), version, skip).length <=
              predictPreflight(facts(0), version, skip).length,
          );
        }
      }),
    );
  });
});
