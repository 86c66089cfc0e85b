/** Something that is wrong with what a person wrote, before anything is touched. */
export interface Problem {
  /** Path of the property, as Pulumi writes paths: `nodes.n1.bmc.endpoint`, `nodes.n1.interfaces[0].hwAddr`. */
  property: string;
  /** Id of the broken rule, kebab-case: `vip-in-subnet`. */
  rule: string;
  /** An error stops everything; a warning is shown and remembered. */
  severity: "error" | "warning";
  /** What is wrong, why it matters and what to do. Never contains a secret value. */
  message: string;
}

/** The path of `key` inside `parent`; keys that are no plain identifiers are put in brackets. */
export function propertyPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/** The problems that forbid going on. */
export function errorsOf(problems: readonly Problem[]): Problem[] {
  return problems.filter((problem) => problem.severity === "error");
}

/** One line for people: `nodes.n1.address: ... (address-in-subnet)`. */
export function describeProblem(problem: Problem): string {
  return `${problem.property || "the description"}: ${problem.message} (${problem.rule})`;
}
