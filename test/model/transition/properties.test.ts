/** What holds for any cluster and any edit, also of several nodes at once, with anything not known yet. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ClusterDescription, Role } from "../../../model/description";
import { isRestingVoterCount } from "../../../model/quorum";
import { planTransition, type Transition, type TransitionRequest } from "../../../model/transition";
import { validateDescription } from "../../../model/validate";
import { holds } from "../property";
import { clusterOf, factsOf, withNodes } from "./cluster";

const role = fc.constantFrom<Role>("management", "default", "worker", "witness");
const zone = fc.constantFrom("", "/a", "/b", "/c");
const words = fc
  .array(
    fc.tuple(role, fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: zone })),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((rows) => rows.map((row) => row.join("")).join(" "))
  .filter((text) => /management|default/.test(text));
const version = fc.constantFrom("v1.4.0", "v1.6.1", "v1.7.3", "v1.99.0", "v1.9.0-rc6");
const edits = fc.array(
  fc.record({
    node: fc.integer({ min: 1, max: 9 }).map((index) => `n${index}`),
    what: fc.constantFrom(
      "remove",
      "reinstall",
      "maintain",
      "switch off",
      "add",
      "role",
      "zone",
      "hostname",
      "unknown role",
      "unknown node",
    ),
    role,
  }),
  { maxLength: 5 },
);

const UNKNOWN = Symbol("unknown");

function editOf(
  before: ClusterDescription,
  changes: { node: string; what: string; role: Role }[],
): ClusterDescription {
  let cluster = before;
  for (const { node, what, role } of changes) {
    const now: unknown = cluster.nodes[node];
    const change = {
      add: { role },
      role: { role },
      remove: undefined,
      reinstall: { reinstall: 1 },
      maintain: { maintenance: true },
      "switch off": { maintenance: true, power: "off" as const },
      zone: { zone: "a" },
      hostname: { hostname: `host-${node}` },
      "unknown role": { role: UNKNOWN as unknown as Role },
      "unknown node": {},
    }[what];
    if (now === UNKNOWN || (now === undefined && what !== "add" && what !== "role")) continue;
    cluster = withNodes(cluster, { [node]: change });
    if (what === "unknown node") cluster.nodes[node] = UNKNOWN as never;
  }
  return cluster;
}

const requests = fc
  .record({
    words,
    from: version,
    to: fc.option(version),
    edits,
    dead: fc.array(
      fc.integer({ min: 1, max: 8 }).map((index) => `n${index}`),
      { maxLength: 2 },
    ),
    seen: fc.constantFrom("live", "state", "never", "nothing"),
    stuck: fc.option(
      fc.constantFrom<"failed" | "running" | "unknown" | "complete">(
        "failed",
        "running",
        "unknown",
        "complete",
      ),
    ),
  })
  .map(({ words, from, to, edits, dead, seen, stuck }): TransitionRequest => {
    const before = clusterOf(words, from);
    const edited = editOf(before, edits);
    const after = to === null ? edited : { ...edited, version: to };
    const ill = Object.fromEntries(dead.map((name) => [name, { healthy: false }]));
    const nodes = stuck === null ? ill : { ...ill, n2: { ...ill.n2, promoteStatus: stuck } };
    if (seen === "nothing") return { after };
    if (seen === "never") return { before, after };
    return { before, after, facts: factsOf(before, nodes, { source: seen as "live" | "state" }) };
  });

function errorsIn({ findings }: Transition) {
  return findings.filter(({ severity }) => severity === "error");
}

describe("any change of any cluster", function anyChange() {
  this.timeout(60_000);

  it("is judged without an exception, and told in plain data", () => {
    holds(
      fc.property(requests, (request) => {
        const transition = planTransition(request);
        assert.deepEqual(JSON.parse(JSON.stringify(transition)), transition);
        assert.deepEqual(planTransition(request), transition, "twice the same");
      }),
      250,
    );
  });

  it("has no steps or no errors, and each error tells a way on", () => {
    holds(
      fc.property(requests, (request) => {
        const transition = planTransition(request);
        const errors = errorsIn(transition);
        assert.ok(errors.length === 0 || transition.steps.length === 0);
        assert.ok(errors.every(({ next, property }) => next && property !== undefined));
      }),
      250,
    );
  });

  it("keeps the quorum and rests at one or three voters, unless it began with another even number", () => {
    holds(
      fc.property(requests, (request) => {
        const { steps, before, after, kind } = planTransition(request);
        const was = before?.voters.length ?? 0;
        fc.pre(steps.length > 0);
        if (before?.quorum.reached && kind !== "rebuild" && !(kind === "upgrade" && was === 1)) {
          for (const step of steps)
            assert.ok(step.after.quorum.reached && step.during?.quorum.reached !== false, step.about);
        }
        if (kind === "provision" || kind === "rebuild") return;
        assert.ok(isRestingVoterCount(after.voters.length) || after.voters.length === was);
        assert.deepEqual(after, steps.at(-1)!.after);
      }),
      250,
    );
  });

  it("names each promoted node once, and wipes only disks of nodes that are installed", () => {
    holds(
      fc.property(requests, (request) => {
        const { steps, promoted } = planTransition(request);
        assert.equal(new Set(promoted).size, promoted.length);
        for (const { kind, node, wiped } of steps) {
          assert.equal(wiped.length > 0, ["create", "join", "reinstall"].includes(kind), kind);
          assert.ok(wiped.every((disk) => disk.node === node));
        }
        assert.ok(steps.filter(({ kind }) => kind === "create").length <= 1);
      }),
      250,
    );
  });

  it("does not depend on ages that decide nothing: those of members and of workers", () => {
    holds(
      fc.property(
        requests,
        fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 8, maxLength: 8 }),
        (request, ages) => {
          fc.pre(request.facts !== undefined);
          const facts = request.facts!;
          const other = {
            ...facts,
            nodes: facts.nodes.map((node, index) =>
              node.etcd || node.controlPlane ? { ...node, created: ages[index]! - 100 } : node,
            ),
          };
          const [left, right] = [planTransition(request), planTransition({ ...request, facts: other })];
          assert.deepEqual(right.findings, left.findings);
          assert.deepEqual(right.steps, left.steps);
        },
      ),
      150,
    );
  });

  it("provisions what a valid description previews", () => {
    holds(
      fc.property(words, (text) => {
        const after = clusterOf(text);
        fc.pre(validateDescription(after).every(({ severity }) => severity !== "error"));
        const { kind, after: end, steps, findings } = planTransition({ after });
        assert.equal(kind, "provision");
        assert.deepEqual(
          findings.filter(({ severity }) => severity === "error"),
          [],
        );
        assert.deepEqual([...end.nodes].sort(), Object.keys(after.nodes).sort());
        assert.equal(steps[0]?.kind, "create");
      }),
      150,
    );
  });
});
