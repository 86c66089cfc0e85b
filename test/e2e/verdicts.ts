/** The table of verdicts (test/verdicts.yaml), row by row through the real engine. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type Preview, readPreview } from "../../report/preview";
import { edited } from "../model/description";
import { type Loose, REPOSITORY, type Run, type World } from "./world";

interface Row {
  edit: string;
  /** What the state is made to say instead: the version, or roles of nodes; null takes a node out. */
  given?: Record<string, string | null>;
  change?: Record<string, unknown>;
  management?: string[];
  witness?: string[];
  exit: number;
  rule?: string;
  property?: string;
  next?: string;
  says?: string[];
  quorum?: { members: number; tolerance: number };
  promoted?: string[];
  standby?: string[];
}

const table = parse(readFileSync(join(REPOSITORY, "test", "verdicts.yaml"), "utf8")) as Record<
  "live" | "state",
  Row[]
>;

/** The rows for a cluster that is there. */
export function liveVerdicts(world: () => World): void {
  for (const row of table.live) {
    it(`${row.edit}: ${outcome(row)}`, async () => {
      const before = world().snapshot();
      await judge(world(), row);
      assert.deepEqual(world().snapshot(), before, "the preview touched something (P7)");
    });
  }
}

/** The rows for a state whose cluster cannot be reached. `exported` is that state; it is imported into the stack, which is empty. */
export function stateVerdicts(world: () => World, exported: () => Loose): void {
  for (const row of table.state) {
    it(`${row.edit}: ${outcome(row)}`, async () => {
      const file = join(world().dir, "fixture.json");
      writeFileSync(file, given(row, JSON.stringify(exported())));
      await world().must("stack", "import", "--file", file);
      const before = readFileSync(world().configFile, "utf8");
      writeFileSync(world().configFile, stringify(JSON.parse(given(row, JSON.stringify(parse(before))))));
      try {
        await judge(world(), row);
      } finally {
        writeFileSync(world().configFile, before);
      }
    });
  }
}

function outcome({ exit, rule }: Row): string {
  if (exit !== 0) return `refused (${rule})`;
  return rule === undefined ? "passes" : `passes with a warning (${rule})`;
}

async function judge(world: World, row: Row): Promise<void> {
  const run = await world.edited(
    ({ cluster }) => {
      const wanted = edited(
        Object.fromEntries(
          Object.entries(row.change ?? {}).map(([path, value]) => [path, value === null ? undefined : value]),
        ),
        cluster,
      ) as Loose;
      for (const role of ["management", "witness"] as const) {
        for (const key of row[role] ?? []) wanted.nodes[key] = { ...another(cluster.nodes.n4, key), role };
      }
      for (const key of Object.keys(cluster)) delete cluster[key];
      Object.assign(cluster, wanted);
    },
    () => world.pulumi(["preview", "--json", "--policy-pack", "policies"]),
  );
  assert.equal(run.code, row.exit, run.output);
  assertSaid(row, readPreview(run.stdout), run);
}

function assertSaid(row: Row, { plan, diagnostics }: Preview, { stdout }: Run): void {
  const transition = plan.is === "judged" ? plan.transition : undefined;
  const said = [
    ...(transition?.findings ?? []).map(({ rule, property, message, next = "" }) => ({
      rule,
      property,
      text: `${message} ${next}`,
      next,
    })),
    ...diagnostics.map(({ property = "", message }) => ({
      rule: /\(rule ([\w-]+)\)/.exec(message)?.[1] ?? row.rule,
      property: property.replace(/^cluster\./, ""),
      text: message,
      next: message,
    })),
  ];
  if (row.rule !== undefined) {
    const found = said.filter(({ rule, property }) => rule === row.rule && property === row.property);
    const all = said.map(({ rule, property, text }) => `${property}: ${text} (${rule})`).join("\n");
    assert(found.length > 0, `nothing was said of ${row.property} by ${row.rule}, but:\n${all}`);
    if (row.next !== undefined)
      assert.match(found.map(({ next }) => next).join("\n"), new RegExp(row.next, "s"));
  }
  const spoken = JSON.stringify([said, transition?.steps]).replaceAll('\\"', '"');
  for (const text of row.says ?? []) assert.match(spoken, new RegExp(text), stdout);
  if (row.quorum !== undefined) {
    const { members, tolerance } = transition!.after.quorum;
    assert.deepEqual({ members, tolerance }, row.quorum);
  }
  if (row.promoted !== undefined) assert.deepEqual(transition?.promoted, row.promoted);
  if (row.standby !== undefined) assert.deepEqual(transition?.standby, row.standby);
}

/** Another machine of the lab, which is not there. */
function another(n4: Loose, key: string): Loose {
  const number = key.slice(1);
  const text = JSON.stringify(n4)
    .replace(/HVL1004/g, `HVL100${number}`)
    .replace(/XLAB0004/g, `XLAB000${number}`)
    .replace(/LAB0004/g, `LAB000${number}`)
    .replace(/:04:/g, `:0${number}:`)
    .replace(/\.14"/g, `.1${number}"`)
    .replace(/\.104:/g, `.10${number}:`)
    .replace(/"uuid":"[^"]+"/, `"uuid":"${`0000000${number}`}-91fa-427a-869a-669e9e4b75e4"`);
  return JSON.parse(text);
}

/** The state or the stack file as it would be had the cluster been described otherwise from the beginning. */
function given({ given = {} }: Row, text: string): string {
  const { version, ...roles } = given;
  const document = JSON.parse(version ? text.replaceAll("v1.6.1", version) : text);
  const walk = (value: Loose): void => {
    if (value === null || typeof value !== "object") return;
    for (const [key, role] of Object.entries(roles)) {
      const node = value.nodes?.[key];
      if (node === undefined) continue;
      if (role === null) delete value.nodes[key];
      else node.role = role;
    }
    for (const [key, role] of Object.entries(roles)) {
      if (value.key === key && role !== null) {
        if (value.node !== undefined) value.node.role = role;
        if (value.role !== undefined) value.role = role;
      }
    }
    for (const each of Object.values(value)) walk(each);
  };
  walk(document);
  return JSON.stringify(document);
}
