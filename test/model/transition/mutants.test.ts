/**
 * The guards of the planner, each taken out or bent by one line: a verdict or the exploration of small clusters notices every one of them,
 * so that no guard is there for nothing and no test is blind.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";
import type { Plan } from "./cluster";
import { explore } from "./explore";
import { check, verdicts } from "./verdicts";

const ROOT = join(__dirname, "..", "..", "..");

interface Mutant {
  file: string;
  line: string;
  instead: string;
}

const rules = "model/transition/rules";

const MUTANTS: Record<string, Mutant> = {
  "a quorum of one voter less": {
    file: "model/quorum.ts",
    line: "Math.floor(members / 2) + 1",
    instead: "Math.floor(members / 2)",
  },
  "an even number of voters is one to rest at": {
    file: "model/quorum.ts",
    line: "return voters === 1 || voters === 3;",
    instead: "return voters >= 1 && voters <= 3;",
  },
  "replacements come after those that they replace": {
    file: "model/transition/draft.ts",
    line: "for (const key of inOrderOfJoining(course, situation, change.joins)) course.join(key);\n  for (const key of change.leaves) course.leave(key);",
    instead:
      "for (const key of change.leaves) course.leave(key);\n  for (const key of inOrderOfJoining(course, situation, change.joins)) course.join(key);",
  },
  "living members leave before dead ones": {
    file: "model/transition/change.ts",
    line: "!isMember(node) ? 0 : !node.healthy ? 1 : 2",
    instead: "!isMember(node) ? 0 : node.healthy ? 1 : 2",
  },
  "every node that was read counts as healthy (stale read)": {
    file: "model/transition/situation.ts",
    line: ".map((node) => renamed(node, keyOf(node.name)))",
    instead: ".map((node) => ({ ...renamed(node, keyOf(node.name)), healthy: true }))",
  },
  "the last description is believed instead of the cluster": {
    file: "model/transition/situation.ts",
    line: "if (facts !== undefined) {",
    instead: "if (facts !== undefined && before === undefined) {",
  },
  "a voter that is away still counts while it leaves": {
    file: "model/transition/draft.ts",
    line: "return replaced(this.#nodes, { ...node, healthy: false });",
    instead: "return replaced(this.#nodes, node);",
  },
  "maintenance is free of the quorum's budget": {
    file: "model/transition/moment.ts",
    line: "return node.healthy && node.maintenance !== true;",
    instead: "return node.healthy;",
  },
  "the quorum is looked at only where a step ends": {
    file: `${rules}/quorum.ts`,
    line: "return [...step.stages, step.after].some(",
    instead: "return [step.after].some(",
  },
  "a lost quorum is no reason to stop": {
    file: `${rules}/quorum.ts`,
    line: "if (course.steps.length === 0 || !isQuorumLost(judged)) return;",
    instead: "return;",
  },
  "any number of voters may be left, if it was odd before": {
    file: `${rules}/quorum.ts`,
    line: "if (restsWell(end.voters.length) || end.voters.length === before.voters.length) return;",
    instead: "if (restsWell(before.voters.length)) return;",
  },
  "one node is what any cluster may shrink to": {
    file: `${rules}/quorum.ts`,
    line: "voters.length > 1 &&",
    instead: "voters.length > 3 &&",
  },
  "a member becomes a worker by its label": {
    file: `${rules}/roles.ts`,
    line: 'if (role !== "worker" || fact.role === "worker" || !isMember(fact)) continue;',
    instead: "if (role.length > 0) continue;",
  },
  "two members are reinstalled at once": {
    file: `${rules}/roles.ts`,
    line: "if (members.length < 2) return;",
    instead: "if (members.length < 3) return;",
  },
  "an installation that is done is asked for again": {
    file: "model/transition/change.ts",
    line: "const installed = fact.reinstall ?? was?.reinstall",
    instead: "const installed = was?.reinstall",
  },
  "a new life of the cluster is retired again": {
    file: "model/transition/situation.ts",
    line: "generation: facts.generation ?? generationOf(before),",
    instead: "generation: generationOf(before),",
  },
  "an upgrade and nodes in one diff": {
    file: `${rules}/versions.ts`,
    line: "if (change.upgrade === undefined || nodes.length === 0 || isVersionDrift(situation)) return;",
    instead: "return;",
  },
  "a hop over two releases": {
    file: "model/transition/upgrade-path.ts",
    line: 'if (compareVersions(from, target.minimumUpgradable) < 0) return "minimum";',
    instead: "",
  },
  "nodes come and go during an upgrade": {
    file: `${rules}/versions.ts`,
    line: "if (topologyOf(change).length === 0 && !elsewhere) return;",
    instead: "if (!elsewhere) return;",
  },
  "a node that is not Ready does not hold up an upgrade": {
    file: `${rules}/versions.ts`,
    line: 'const not = !node.healthy\n          ? "not Ready"\n          :',
    instead: "const not =",
  },
  "mixed versions are a state to rest in": {
    file: `${rules}/versions.ts`,
    line: "if (version === undefined || version === situation.after.version) continue;",
    instead: "if (version !== undefined) continue;",
  },
  "the last healthy replica goes": {
    file: `${rules}/storage.ts`,
    line: "healthyOn.every((name) => name === step.node)",
    instead: "healthyOn.length === 0",
  },
  "strangers are removed": {
    file: "model/transition/change.ts",
    line: "return before?.nodes[name] !== undefined || roster.includes(name);",
    instead: "return before !== undefined;",
  },
  "an override without a reason counts": {
    file: `${rules}/index.ts`,
    line: 'rule === undefined || reason.trim() === "" ?',
    instead: "rule === undefined ?",
  },
  "an override counts against rules that bind": {
    file: `${rules}/index.ts`,
    line: "|| binding !== undefined ||",
    instead: "||",
  },
};

describe("without one of its guards", function withoutAGuard() {
  this.timeout(60_000);

  for (const [name, mutant] of Object.entries(MUTANTS)) {
    it(`the planner is caught: ${name}`, () => {
      const noticed = whatNotices(load(mutant));
      assert.ok(noticed !== undefined, "nothing notices it");
    });
  }

  it("it passes with all of them", () => {
    assert.equal(
      whatNotices(load({ file: "model/quorum.ts", line: "function quorumOf", instead: "function quorumOf" })),
      undefined,
    );
  });
});

/** What notices a mutant first; undefined where nothing does. */
function whatNotices(plan: Plan): string | undefined {
  for (const verdict of verdicts) {
    if (fails(() => check(verdict, plan))) return `the verdict on ${verdict.of}`;
  }
  const space = { nodes: 3, zones: 0, failures: true, agelessFrom: 3 } as const;
  return fails(() => explore(plan, space)) ? "the exploration" : undefined;
}

function fails(what: () => void): boolean {
  try {
    what();
    return false;
  } catch {
    return true;
  }
}

/** The planner with one line changed, compiled in memory: nothing on disk is touched, and the planner of other tests is not either. */
function load({ file, line, instead }: Mutant): Plan {
  const mutated = join(ROOT, file);
  const source = readFileSync(mutated, "utf8");
  assert.equal(
    source.split(line).length,
    line === "" ? source.length + 1 : 2,
    `${file} does not hold once: ${line}`,
  );
  // A function, so that no $ in it is special.
  const text = source.replace(line, () => instead);
  const modules = new Map<string, { exports: unknown }>();
  const loadFile = (path: string): unknown => {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(path, module);
    const code = path === mutated ? compile(text) : (compiled.get(path) ?? compileFile(path));
    const requireFrom = (name: string) =>
      name.startsWith(".") ? loadFile(resolve(dirname(path), name)) : require(name);
    new Function("require", "module", "exports", code)(requireFrom, module, module.exports);
    return module.exports;
  };
  return (loadFile(join(ROOT, "model/transition/index.ts")) as { planTransition: Plan }).planTransition;
}

const compiled = new Map<string, string>();

function compileFile(path: string): string {
  const code = compile(readFileSync(path, "utf8"));
  compiled.set(path, code);
  return code;
}

function compile(source: string): string {
  return transformSync(source, { loader: "ts", format: "cjs", target: "node20" }).code;
}

function resolve(folder: string, name: string): string {
  const path = join(folder, name);
  return existsSync(`${path}.ts`) ? `${path}.ts` : join(path, "index.ts");
}
