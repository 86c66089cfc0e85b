/** The JSONPath that conditions are written in: fields, indexes, `*` and filters by equality. */
import { isObject } from "../shell/plugin";
import type { Value, Values } from "../shell/values";

type Step = (value: Value) => Value[];

/** Reads a path such as `.status.conditions[?(@.type=="Ready")].status` and returns what selects its values. */
export function parseJsonPath(path: string): (object: Values) => Value[] {
  const steps: Step[] = [];
  let rest = path.replace(/^\$/, "");
  while (rest !== "") {
    const [text, step] = readStep(rest) ?? [];
    if (text === undefined || step === undefined) {
      throw new Error(`parsing {${path}}: ${JSON.stringify(rest)} is not understood by this stand-in`);
    }
    steps.push(step);
    rest = rest.slice(text.length);
  }
  return (object) => steps.reduce<Value[]>((values, step) => values.flatMap(step), [object]);
}

function readStep(rest: string): [text: string, step: Step] | undefined {
  const field = /^\.((?:[\w-]|\\.)+)/.exec(rest) ?? /^\[(?:'([^']*)'|"([^"]*)")\]/.exec(rest);
  if (field) return [field[0], child((field[1] ?? field[2] ?? "").replace(/\\(.)/g, "$1"))];
  const index = /^\[(\d+)\]/.exec(rest);
  if (index)
    return [index[0], (v) => (Array.isArray(v) ? v.slice(Number(index[1]), Number(index[1]) + 1) : [])];
  const all = /^(\.\*|\[\*\])/.exec(rest);
  if (all) return [all[0], elements];
  const filter = /^\[\?\(@((?:\.[\w-]+)+)\s*==\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+))\)\]/.exec(rest);
  if (!filter) return undefined;
  const select = parseJsonPath(filter[1] ?? "");
  const wanted = filter[2] ?? filter[3] ?? filter[4];
  return [
    filter[0],
    (value) =>
      elements(value).filter((v) => isObject(v) && select(v).some((found) => String(found) === wanted)),
  ];
}

function child(name: string): Step {
  return (value) => (isObject(value) && value[name] !== undefined ? [value[name]] : []);
}

function elements(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}
