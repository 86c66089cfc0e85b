import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_KINDS } from "../../../lab/cluster/kinds";

interface UpstreamField {
  type: string;
  enum?: unknown[];
  default?: unknown;
}

interface UpstreamKind {
  group: string;
  version: string;
  plural: string;
  scope: string;
  statusSubresource: boolean;
  fields: Record<string, UpstreamField>;
}

/** A field of the lab's, as its schema says it. */
interface Schema {
  type?: string;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
}

const upstream = JSON.parse(readFileSync(join(__dirname, "fixtures", "crds.json"), "utf8")) as Record<
  string,
  UpstreamKind
>;

describe("the lab's kinds beside Harvester's own definitions", () => {
  for (const [name, facts] of Object.entries(upstream)) {
    const kind = ALL_KINDS.find((candidate) => candidate.kind === name && candidate.group === facts.group);

    it(`${name} goes by the same names, in the same scope`, () => {
      assert.ok(kind, "the lab does not have it");
      assert.deepEqual(
        [kind.version, kind.plural, kind.namespaced ? "Namespaced" : "Cluster", kind.statusSubresource],
        [facts.version, facts.plural, facts.scope, facts.statusSubresource],
      );
    });

    it(`${name} has no field that Harvester's has not, and none of another type`, () => {
      const mine = fieldsOf({ properties: kind!.schema as Record<string, Schema> });
      const wrong = Object.entries(mine).flatMap(([path, field]) => {
        const theirs = facts.fields[path];
        if (theirs === undefined) return [`${path} does not exist upstream`];
        if (field.type !== undefined && theirs.type !== "any" && field.type !== theirs.type) {
          return [`${path} is ${field.type}, upstream ${theirs.type}`];
        }
        if (field.enum !== undefined && JSON.stringify(field.enum) !== JSON.stringify(theirs.enum)) {
          return [`${path} allows ${field.enum}, upstream ${theirs.enum}`];
        }
        return field.default !== undefined && field.default !== theirs.default
          ? [`${path} defaults to ${field.default}, upstream ${theirs.default}`]
          : [];
      });
      assert.deepEqual(wrong, []);
    });
  }
});

/** Every field by its path, four levels deep as in the fixture. */
function fieldsOf(schema: Schema, at = "", depth = 1): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = at === "" ? name : `${at}.${name}`;
    if (depth <= 4) found[path] = field;
    Object.assign(found, fieldsOf(field, path, depth + 1));
    if (field.items !== undefined) Object.assign(found, fieldsOf(field.items, `${path}[]`, depth + 1));
  }
  return found;
}
