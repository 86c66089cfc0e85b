import type {
  ResourceValidation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { PLAN } from "../../policies/resources";

/** What the policy SDK wraps inputs in, and its stand-in for unknown values. It ships both without types. */
const { unknownCheckingProxy, unknownStringValue } = require("@pulumi/policy/proxy") as {
  unknownCheckingProxy<T extends object>(props: T): T;
  unknownStringValue: string;
};

/** A value that is not known during a preview, as the engine hands it to policies. */
export const UNKNOWN: string = unknownStringValue;

/** What a rule says about a resource with the given inputs, under the given policy configuration. */
export async function violationsOf(
  policy: ResourceValidationPolicy,
  props: Record<string, unknown>,
  config: object = {},
  { type = PLAN, stack = "lab" }: { type?: string; stack?: string } = {},
): Promise<string[]> {
  const said: string[] = [];
  const args = {
    type,
    props: unknownCheckingProxy(props),
    urn: `urn:pulumi:${stack}::harvester-stack::${type}::plan`,
    name: "plan",
    opts: {},
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: () => config,
    notApplicable: (reason?: string) => {
      throw new Error(reason);
    },
  } as unknown as ResourceValidationArgs;
  await (policy.validateResource as ResourceValidation)(args, (message) => said.push(message));
  return said;
}

/** What a rule says about a stack of resources, given by type, name and outputs. */
export async function stackViolationsOf(
  policy: StackValidationPolicy,
  resources: readonly { type: string; name: string; props: Record<string, unknown> }[],
): Promise<string[]> {
  const said: string[] = [];
  const args = {
    resources: resources.map(({ type, name, props }) => ({
      type,
      name,
      props: unknownCheckingProxy(props),
      urn: `urn:pulumi:lab::harvester-stack::${type}::${name}`,
    })),
    stackTags: new Map(),
    getConfig: () => ({}),
  } as unknown as StackValidationArgs;
  await policy.validateStack(args, (message) => said.push(message));
  return said;
}
