import assert from "node:assert/strict";
import { NotAPreview, readPreview } from "../../report/preview";
import { digest, events, planned, refusal, replacement, replacementPreview, type Scene } from "./fixtures";

/** Why a text is refused. */
function refusedFor(text: string): string {
  try {
    readPreview(text);
  } catch (error) {
    assert(error instanceof NotAPreview, String(error));
    return error.message;
  }
  return assert.fail("it was read");
}

const PLAN = { type: "metal:index:Plan", name: "plan" };

describe("reading a preview", () => {
  for (const [form, write] of [
    ["one object", digest],
    ["an event a line", events],
  ] as const) {
    describe(`as ${form}`, () => {
      it("finds the change, the stack and what else changes", () => {
        const preview = readPreview(write(replacementPreview));
        assert.equal(preview.stack, "lab");
        assert(preview.plan.is === "judged");
        assert.deepEqual(preview.plan.transition, JSON.parse(JSON.stringify(planned)));
        assert.deepEqual(preview.resources.slice(0, 3), [
          { op: "update", ...PLAN },
          { op: "create", type: "harvester:index:HarvesterNode", name: "n5" },
          { op: "create", type: "metal:index:Machine", name: "n5" },
        ]);
      });

      it("finds errors and warnings, and what they are about; neither what is only told nor what the program printed", () => {
        const messages = [
          { severity: "info", message: "n1 creates the cluster", about: PLAN },
          { severity: "info#err", message: "a stack trace" },
          {
            severity: "warning",
            message: "n5: its BMC did not answer",
            about: { type: "metal:index:Machine", name: "n5" },
          },
          { severity: "warning", message: "cluster.nodes.n1.bmc.endpoint: is http://", about: PLAN },
          { severity: "error", message: "the program threw" },
        ];
        const { diagnostics } = readPreview(write({ ...replacementPreview, messages }));
        assert.deepEqual(
          diagnostics.filter(({ message }) => message !== "preview failed"),
          [
            { severity: "warning", ofPlan: false, resource: "n5", message: "its BMC did not answer" },
            {
              severity: "warning",
              ofPlan: true,
              resource: "plan",
              property: "cluster.nodes.n1.bmc.endpoint",
              message: "is http://",
            },
            { severity: "error", ofPlan: false, message: "the program threw" },
          ],
        );
      });

      it("takes a Plan that was refused in its check from the errors, without the value that the engine prints", () => {
        const message =
          "metal:index:Plan resource 'plan': property cluster.nodes.n1.role value {map[password:hunter2 hunter2]} has a problem: \"managment\" is not known here. (rule not-one-of)";
        const preview = readPreview(write({ messages: [{ severity: "error", message, about: PLAN }] }));
        assert.equal(preview.plan.is, "refused");
        assert.equal(preview.diagnostics[0]?.property, "cluster.nodes.n1.role");
        assert.equal(preview.diagnostics[0]?.message, '"managment" is not known here. (rule not-one-of)');
        assert(!JSON.stringify(preview).includes("hunter2"));
      });

      it("takes the property of a check from what it says, where the engine was told of none", () => {
        const message =
          "metal:index:Plan resource 'plan' has a problem: cluster.nodes.n1.rol: \"rol\" is not a known key. (rule unknown-key)";
        const [said] = readPreview(
          write({ messages: [{ severity: "error", message, about: PLAN }] }),
        ).diagnostics;
        assert.equal(said?.property, "cluster.nodes.n1.rol");
        assert.equal(said?.message, '"rol" is not a known key. (rule unknown-key)');
      });

      it("knows a Plan that stays as it is, and one that is forgotten", () => {
        assert.equal(readPreview(write({ same: 12 })).plan.is, "unchanged");
        const forgotten: Scene = { resources: [{ op: "delete", ...PLAN }] };
        assert.equal(readPreview(write(forgotten)).plan.is, "forgotten");
      });

      it("does not take the reading of a refresh for a second Plan", () => {
        const plan = { ...PLAN, inputs: { transition: refusal } };
        const resources = [
          { op: "refresh", ...plan },
          { op: "update", ...plan },
        ];
        assert.equal(readPreview(write({ resources })).plan.is, "judged");
      });

      it("refuses a preview without a Plan, saying what is missing", () => {
        const bucket = { type: "aws:s3:Bucket", name: "b" };
        assert.match(
          refusedFor(write({ resources: [bucket] })),
          /holds no Plan: none of its 1 resources is a metal:index:Plan/,
        );
      });

      it("refuses a preview with the Plans of two clusters, naming them", () => {
        const resources = ["east", "west"].map((name) => ({
          ...PLAN,
          name,
          inputs: { transition: replacement },
        }));
        assert.match(refusedFor(write({ resources })), /2 Plans \(east, west\)/);
      });

      it("refuses a Plan without a change, and one whose change is of another shape, naming the path", () => {
        assert.match(refusedFor(write({ resources: [{ ...PLAN, inputs: {} }] })), /carries no `transition`/);
        const [first] = replacement.steps;
        const transition = { ...replacement, steps: [{ ...first, kind: "explode" }] };
        assert.match(
          refusedFor(write({ transition })),
          /transition\.steps\[0\]\.kind: "explode" is not known here/,
        );
        assert.match(refusedFor(write({ transition: "[secret]" })), /transition: is a string, but must be/);
      });

      it("leaves out what a newer provider says beside", () => {
        const preview = readPreview(write({ transition: { ...replacement, novelty: { password: "x" } } }));
        assert(preview.plan.is === "judged");
        assert(!("novelty" in preview.plan.transition));
      });
    });
  }

  it("knows which policies were broken, and whether any was asked, from events alone", () => {
    const violations = [
      {
        policy: "voters-odd",
        level: "mandatory" as const,
        message: "etcd rests at odd numbers.\ncluster.nodes: 2 voters.",
      },
      { policy: "one-version", level: "advisory" as const, message: "all on one line" },
    ];
    assert.deepEqual(readPreview(events({ ...replacementPreview, violations })).violations, [
      { mandatory: true, policy: "voters-odd", resource: "plan", message: "cluster.nodes: 2 voters." },
      { mandatory: false, policy: "one-version", resource: "plan", message: "all on one line" },
    ]);
    assert.equal(readPreview(events(replacementPreview)).judgedByPolicies, true);
    assert.equal(readPreview(events({ ...replacementPreview, policies: false })).judgedByPolicies, false);
    assert.equal(readPreview(digest(replacementPreview)).violations, undefined);
  });

  it("does not take a preview that was cut off for one that passed", () => {
    const whole = events(replacementPreview).split("\n");
    const { diagnostics } = readPreview(whole.slice(0, -2).join("\n"));
    assert.match(diagnostics[0]!.message, /cut off/);
    assert.equal(diagnostics[0]!.severity, "error");
    assert.match(refusedFor(events(replacementPreview).slice(0, -20)), /line \d+ is no engine event/);
  });

  it("says what an input is that is no preview", () => {
    assert.match(refusedFor(" \n"), /is empty/);
    assert.match(refusedFor("Previewing update (lab):"), /neither one JSON object nor engine events/);
    assert.match(refusedFor("[]"), /neither one JSON object/);
    assert.match(refusedFor('{"version":3,"deployment":{}}'), /exported stack/);
    assert.match(refusedFor('{"steps":[1]}'), /`steps` is no list of objects/);
    assert.match(refusedFor('{"steps":[{"op":"create"}]}'), /no `op` or no `urn`/);
    const update = events(replacementPreview).replace('"isPreview":true', '"isPreview":false');
    assert.match(refusedFor(update), /an update that was carried out/);
  });
});
