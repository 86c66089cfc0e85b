import { ConfigError } from "./config";

type Tree = { [key: string]: unknown };

/** A value with quotes around it, a key with such a value, or a word without spaces: the installer's own idea of a parameter. */
const PARAMETER = /"[^"]+"|[^\s]+="[^"]+"|[^\s]+/g;

/** All parameters of a kernel command line in order; a repeated one appears again, one without value has "true". */
export function kernelParameters(line: string): { key: string; value: string }[] {
  return (line.match(PARAMETER) ?? []).map((item) => {
    const at = item.indexOf("=");
    if (at < 0) return { key: unquote(item), value: "true" };
    return { key: unquote(item.slice(0, at)), value: unquote(item.slice(at + 1)) };
  });
}

/** The last value of a parameter. */
export function kernelParameter(line: string, key: string): string | undefined {
  return kernelParameters(line).findLast((parameter) => parameter.key === key)?.value;
}

/**
 * The configuration on a kernel command line: `harvester.<path>=<value>`, dots nest, a repeated parameter makes a list. The keys are
 * not brought to one spelling here (config.ts does that).
 */
export function commandLineConfig(line: string): Tree {
  const tree: Tree = {};
  for (const { key, value } of kernelParameters(line)) {
    const [prefix, ...path] = key.split(".");
    if (prefix !== "harvester" || path.length === 0) continue;
    put(tree, path, value);
  }
  toInterfaces(tree);
  toSchemeVersion(tree);
  return tree;
}

function put(tree: Tree, path: string[], value: string): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    if (typeof node[key] !== "object" || Array.isArray(node[key])) node[key] = {};
    node = node[key] as Tree;
  }
  const last = path[path.length - 1] as string;
  const present = node[last];
  if (Array.isArray(present)) present.push(value);
  else node[last] = typeof present === "string" ? [present, value] : value;
}

/** Interfaces are written on the command line as `hwAddr:<mac>`, `name:<name>`, a bare MAC, a bare name, or a pair with a comma. */
function toInterfaces(tree: Tree): void {
  const install = tree.install as Tree | undefined;
  const management = install?.management_interface as Tree | undefined;
  const given = management?.interfaces;
  if (management === undefined || given === undefined) return;
  const list = (Array.isArray(given) ? given : [given]) as string[];
  management.interfaces = list.map((text) =>
    Object.assign({}, ...text.split(",").map((part) => interfaceOf(part.trim(), text))),
  );
}

function interfaceOf(part: string, whole: string): Record<string, string> {
  const pieces = part.split(":").map((piece) => piece.trim());
  if (pieces.length === 7 && pieces[0] === "hwAddr") return { hwAddr: pieces.slice(1).join(":") };
  if (pieces.length === 6) return { hwAddr: pieces.join(":") };
  if (pieces.length === 2 && pieces[0] === "name") return { name: pieces[1] as string };
  if (pieces.length === 1) return { name: pieces[0] as string };
  throw new ConfigError(`could not parse interface details ${whole}`);
}

function toSchemeVersion(tree: Tree): void {
  const given = tree.scheme_version;
  if (given === undefined) return;
  if (typeof given !== "string" || !/^\d+$/.test(given)) {
    throw new ConfigError(`strconv.ParseUint: parsing "${String(given)}": invalid syntax`);
  }
  tree.scheme_version = Number(given);
}

function unquote(text: string): string {
  return text.replace(/^"+|"+$/g, "");
}
