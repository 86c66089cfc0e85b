import * as pulumi from "@pulumi/pulumi";

/** A value that the program itself needs while it runs, so that it cannot be an output; `because` is the reason, as a sentence without its stop. */
export function plainValue(value: unknown, property: string, because: string): unknown {
  if (!pulumi.Output.isInstance(value) && !(value instanceof Promise)) return value;
  throw new pulumi.RunError(
    `${property} is an output of another resource. ${because}, so it has to be known when the program runs: give it as a ` +
      "plain value.",
  );
}
