/** Which stacks are for production: by name, so that nobody has to remember a flag. */

/** Configuration of rules that hold in production alone. */
export interface ProductionConfig {
  /** Names of production stacks; `*` stands for any letters. @default ["production", "prod*"] */
  stacks?: string[];
}

const PRODUCTION_STACKS = ["production", "prod*"];

/** The schema of that configuration, for a policy's `configSchema.properties`. */
export const productionStacks = {
  type: "array" as const,
  description: "Names of production stacks; * stands for any letters.",
  default: PRODUCTION_STACKS,
  items: { type: "string" as const, minLength: 1 },
};

/** Whether a stack is for production. */
export function isProduction(stack: string, { stacks = PRODUCTION_STACKS }: ProductionConfig): boolean {
  return stacks.some((pattern) => matches(pattern, stack));
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
