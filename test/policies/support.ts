import type { ResourceValidation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { PLAN } from "../../policies/resources";

/** What a rule says about a resource with the given inputs, under the given policy configuration. */
export async function violationsOf(
  policy: ResourceValidationPolicy,
  props: Record<string, unknown>,
  config: object,
  type = PLAN,
): Promise<string[]> {
  const said: string[] = [];
  const args = {
    type,
    props,
    urn: `urn:pulumi:lab::harvester-stack::${type}::plan`,
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
