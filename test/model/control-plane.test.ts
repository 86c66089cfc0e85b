import assert from "node:assert/strict";
import fc from "fast-check";
import { previewControlPlane } from "../../model/control-plane";
import type { Role } from "../../model/description";
import { isRestingVoterCount } from "../../model/quorum";
import { declare } from "./description";
import { holds } from "./property";

describe("the previewed control plane", () => {
  const table: [words: string, controlPlane: string, apiServers: string, standby: string][] = [
    ["default", "n1", "n1", ""],
    ["default default", "n1", "n1", "n2"],
    ["default default default", "n1 n2 n3", "n1 n2 n3", ""],
    ["management management management worker", "n1 n2 n3", "n1 n2 n3", ""],
    ["worker default management default management", "n3 n5 n2", "n3 n5 n2", "n4"],
    ["management management witness", "n1 n2 n3", "n1 n2", ""],
    ["management management witness default", "n1 n2 n3", "n1 n2", "n4"],
    ["management management worker", "n1", "n1", "n2"],
    ["management worker worker worker", "n1", "n1", ""],
    ["management management management management management default", "n1 n2 n3", "n1 n2 n3", "n4 n5 n6"],
    ["management/a management/b management/b management/c", "n1 n2 n4", "n1 n2 n4", "n3"],
    ["management/a management/b default/b", "n1", "n1", "n2 n3"],
  ];
  for (const [words, controlPlane, apiServers, standby] of table) {
    it(`of ${words} is ${controlPlane}`, () => {
      const preview = previewControlPlane(declare(...words.split(" ")));
      const said = (names: string[]) => names.join(" ");
      assert.equal(said(preview.controlPlane), controlPlane);
      assert.deepEqual(preview.voters, preview.controlPlane);
      assert.equal(said(preview.apiServers), apiServers);
      assert.equal(said(preview.standby), standby);
    });
  }

  it("starts from the machine that created the cluster, also where another one would be chosen now", () => {
    const roles = declare("management", "management", "management", "management");
    assert.deepEqual(previewControlPlane(roles, "n4").controlPlane, ["n4", "n1", "n2"]);
  });

  it("is empty where nobody can create the cluster", () => {
    const preview = previewControlPlane(declare("worker", "witness"));
    assert.deepEqual([preview.creator, preview.controlPlane, preview.problems], [undefined, [], []]);
  });

  it("names who takes a seat that becomes free", () => {
    assert.deepEqual(
      previewControlPlane(declare("management", "management", "witness", "default")).successors,
      { n1: "n4", n2: "n4", n3: "n4" },
    );
    const zoned = declare("management/a", "management/b", "management/c", "management/b");
    assert.deepEqual(previewControlPlane(zoned).successors, { n1: undefined, n2: "n4", n3: undefined });
    assert.equal(
      previewControlPlane(declare("management", "management", "management")).successors.n1,
      undefined,
    );
  });

  it("says what is wrong, under the rule that says it of a description", () => {
    const rulesOf = (...words: string[]) =>
      previewControlPlane(declare(...words)).problems.map(({ property, rule }) => `${property} ${rule}`);
    assert.deepEqual(rulesOf("management", "management", "management", "worker"), []);
    assert.deepEqual(rulesOf("management", "management", "worker"), ["nodes voters-as-declared"]);
    assert.deepEqual(rulesOf("management", "management", "management", "witness"), [
      "nodes.n4.role witness-idle",
    ]);
    assert.deepEqual(rulesOf("management/a", "management/b", "management/a", "default/c"), [
      "nodes.n3.zone zone-spread",
      "nodes voters-odd",
    ]);
  });
});

describe("properties of the previewed control plane", () => {
  const words = fc.array(
    fc
      .tuple(
        fc.constantFrom<Role>("default", "management", "worker", "witness"),
        fc.constantFrom("", "/a", "/b", "/c", "/d"),
      )
      .map((parts) => parts.join("")),
    { minLength: 1, maxLength: 9 },
  );

  it("has one or three voters, or an error", () => {
    holds(
      fc.property(words, (roles) => {
        const { creator, voters, problems } = previewControlPlane(declare(...roles));
        fc.pre(creator !== undefined);
        assert.ok(
          isRestingVoterCount(voters.length) || problems.some(({ severity }) => severity === "error"),
        );
      }),
      1000,
    );
  });

  it("has no worker in it, one witness at most, and nobody who also stands by", () => {
    holds(
      fc.property(words, (roles) => {
        const description = declare(...roles);
        const { controlPlane, apiServers, standby } = previewControlPlane(description);
        const roleIn = (names: string[], role: Role) =>
          names.filter((name) => description.nodes[name]?.role === role).length;
        assert.equal(roleIn([...controlPlane, ...standby], "worker"), 0);
        assert.ok(roleIn([...controlPlane, ...standby], "witness") <= 1);
        assert.equal(roleIn(apiServers, "witness"), 0);
        assert.ok(!standby.some((name) => controlPlane.includes(name)));
      }),
      500,
    );
  });
});
