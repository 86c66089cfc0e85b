import assert from "node:assert/strict";
import fc from "fast-check";
import { describeProblem, errorsOf, type Problem } from "../../model/problem";
import { transitionRules } from "../../model/transition/rules";
import { descriptionRules, validateDescription } from "../../model/validate";
import { edited, validDescription, validNode } from "./description";
import { holds } from "./property";
import { cases } from "./validate-cases";

describe("validateDescription", () => {
  it("finds nothing in a valid description", () => {
    assert.deepEqual(validateDescription(validDescription()), []);
    assert.deepEqual(validateDescription(validDescription(1)), []);
  });

  it("has cases for every rule, and rules for every case", () => {
    assert.deepEqual(Object.keys(cases).sort(), descriptionRules.map(({ id }) => id).sort());
  });

  for (const rule of descriptionRules) {
    describe(rule.id, () => {
      for (const [edits, property] of cases[rule.id]?.breaks ?? []) {
        it(`speaks at ${property} about ${JSON.stringify(edits)}`, () => {
          const found = validateDescription(edited(edits));
          const ours = found.filter((problem) => problem.rule === rule.id && problem.property === property);
          assert.equal(ours.length, 1, found.map(describeProblem).join("\n") || "no problem at all");
          assert.equal(ours[0]?.severity, rule.severity ?? "error");
        });
      }
      for (const edits of cases[rule.id]?.keeps ?? []) {
        it(`keeps silent about ${JSON.stringify(edits)}`, () => {
          const found = validateDescription(edited(edits)).filter((problem) => problem.rule === rule.id);
          assert.deepEqual(found, []);
        });
      }
    });
  }
});

describe("an override", () => {
  const saidOf = (rule: string) =>
    validateDescription(edited({ overrides: [{ rule, reason: "n5 is delivered tomorrow" }] }))
      .map(({ message }) => message)
      .join("\n");

  it("of a mistyped rule is told the nearest one", () => {
    assert.match(saidOf("voters-odd-at-res"), /Did you mean "voters-odd-at-rest"\?/);
  });

  it("of what has another way on is told that", () => {
    assert.match(saidOf("approval"), /set approve to what the preview prints/);
  });

  it("is refused for every rule that tells machines or clusters apart, with why", () => {
    const binding = transitionRules.filter(({ binding }) => binding !== undefined);
    assert.deepEqual(binding.map(({ id }) => id).sort(), [
      "evicted",
      "fixed-at-creation",
      "generation-by-one",
      "hardware-is-identity",
      "in-use-until-gone",
      "no-implied-reinstall",
      "reinstall-by-one",
    ]);
    for (const { id, binding: why } of binding)
      assert.ok(saidOf(id).includes(`${id} cannot be overridden: ${why}`));
  });
});

describe("the shape of a description", () => {
  const only = (found: Problem[]): Problem => {
    assert.equal(found.length, 1, found.map(describeProblem).join("\n"));
    return found[0]!;
  };

  it("refuses an unknown key and names the nearest known one", () => {
    const problem = only(validateDescription(edited({ "nodes.n1.disks.instal": {} })));
    assert.equal(problem.property, "nodes.n1.disks.instal");
    assert.equal(problem.rule, "unknown-key");
    assert.match(problem.message, /Did you mean "install"\?/);
  });

  it("lists the known keys where none is near", () => {
    assert.match(
      only(validateDescription(edited({ "vip.xyz": 1 }))).message,
      /Known here: address, mode, hardwareAddress/,
    );
  });

  it("does not take a property of every object for a key", () => {
    assert.equal(only(validateDescription(edited({ "vip.constructor": 1 }))).rule, "unknown-key");
  });

  it("says of a missing property why it is needed", () => {
    const problem = only(validateDescription(edited({ "nodes.n2.hardware.serial": undefined })));
    assert.equal(problem.property, "nodes.n2.hardware.serial");
    assert.equal(problem.rule, "missing");
    assert.match(problem.message, /tells this host from every other/);
  });

  it("takes null, which YAML makes of an empty value, for missing", () => {
    assert.equal(only(validateDescription(edited({ "bootServer.address": null }))).rule, "missing");
    assert.deepEqual(validateDescription(edited({ storage: null })), []);
  });

  it("refuses wrong types and says which would be right", () => {
    assert.match(
      only(validateDescription(edited({ "os.sysctls": { "vm.swappiness": 10 } }))).message,
      /quotes/,
    );
    assert.match(only(validateDescription(edited({ skipChecks: "yes" }))).message, /must be true or false/);
    assert.match(
      only(validateDescription(edited({ "os.ntpServers": "10.0.0.1" }))).message,
      /must be a list/,
    );
    assert.equal(
      only(validateDescription(edited({ "nodes.n1.interfaces[0]": "ens1" }))).property,
      "nodes.n1.interfaces[0]",
    );
    assert.equal(only(validateDescription("cluster")).property, "");
    assert.equal(only(validateDescription(undefined)).rule, "missing");
  });

  it("refuses numbers out of range and words that are none of the known", () => {
    assert.equal(only(validateDescription(edited({ "storage.replicaCount": 4 }))).rule, "out-of-range");
    assert.equal(only(validateDescription(edited({ generation: 0 }))).rule, "out-of-range");
    assert.equal(
      only(validateDescription(edited({ "managementNetwork.vlanId": 4095 }))).rule,
      "out-of-range",
    );
    assert.equal(only(validateDescription(edited({ "nodes.n1.reinstall": 1.5 }))).rule, "wrong-type");
    const role = only(validateDescription(edited({ "nodes.n1.role": "manager" })));
    assert.equal(role.rule, "not-one-of");
    assert.match(role.message, /"default", "management", "worker", "witness"/);
    assert.match(
      only(validateDescription(edited({ "nodes.n1.role": "workr" }))).message,
      /Did you mean "worker"\?/,
    );
  });

  it("never shows a secret, whatever is wrong with it", () => {
    const secret = "hunter2-hunter2";
    const wrong = edited({
      "access.adminPassword": [secret],
      "os.password": { value: secret },
      "nodes.n1.bmc.password": { secret },
      "os.sshAuthorizedKeys": [secret],
      systemSettings: { "backup-target": secret, "ssl-certificates": secret },
    });
    const found = validateDescription(wrong);
    assert.ok(found.length >= 6);
    for (const problem of found) assert.doesNotMatch(describeProblem(problem), /hunter2/);
  });
});

describe("values that are not known yet", () => {
  const UNKNOWN = Symbol("unknown");
  const unknown = (value: unknown) => value === UNKNOWN;

  it("are skipped, wherever they stand", () => {
    const paths = [
      "vip.address",
      "vip",
      "version",
      "managementNetwork",
      "managementNetwork.method",
      "managementNetwork.dnsNameservers",
      "os",
      "os.sshAuthorizedKeys[0]",
      "access.adminPassword",
      "nodes",
      "nodes.n1",
      "nodes.n1.interfaces[0]",
      "nodes.n1.address",
      "nodes.n1.bmc.systemId",
      "nodes.n1.disks.install",
      "nodes.n1.role",
    ];
    for (const path of paths) {
      assert.deepEqual(validateDescription(edited({ [path]: UNKNOWN }), { unknown }), [], path);
    }
  });

  it("do not silence rules about what is known", () => {
    const raw = edited({ "nodes.n2.hostname": "n1", "vip.address": UNKNOWN });
    assert.deepEqual(
      validateDescription(raw, { unknown }).map(({ rule }) => rule),
      ["hostname-unique"],
    );
  });
});

describe("properties of validateDescription", () => {
  const junk = fc.oneof(
    fc.constant(null),
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.object(),
    fc.array(fc.string()),
  );
  const paths = [
    ...Object.keys(validDescription()),
    ...Object.keys(validNode(1)).map((key) => `nodes.n1.${key}`),
    "vip.address",
    "managementNetwork.subnet",
    "nodes.n1.hardware.uuid",
    "nodes.n1.bmc.endpoint",
    "nodes.n1.disks.install.device",
    "nodes.n1.interfaces[0]",
  ];

  it("judges any junk anywhere without failing", () => {
    holds(
      fc.property(fc.constantFrom(...paths), junk, (path, value) => {
        for (const problem of validateDescription(edited({ [path]: value })))
          assert.ok(problem.message.length > 0);
      }),
    );
  });

  it("accepts clusters of any size and refuses them once two nodes share anything that must be unique", () => {
    const shared = fc.constantFrom(
      "hardware.uuid",
      "hardware.serial",
      "bmc.endpoint",
      "address",
      "disks.install.serial",
    );
    holds(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), fc.nat(), shared, (size, a, b, what) => {
        const base = validDescription(size);
        assert.deepEqual(validateDescription(base), []);
        const [left, right] = [1 + (a % size), 1 + (b % size)];
        fc.pre(left !== right);
        const value = what
          .split(".")
          .reduce((place: unknown, key) => (place as Record<string, unknown>)[key], validNode(left));
        const problems = errorsOf(validateDescription(edited({ [`nodes.n${right}.${what}`]: value }, base)));
        assert.ok(problems.length > 0, `${what} of n${left} in n${right}`);
      }),
      100,
    );
  });
});
