/** What to do where a stack has no cluster yet. */
import { LAB_STACK } from "../environment";

/** There is nothing to look at. The message says how to begin. */
export class NoCluster extends Error {
  constructor(stack: string, { initialised }: { initialised: boolean }) {
    super(`Stack ${stack} has no cluster yet. ${howToBegin(stack, initialised)}`);
    this.name = "NoCluster";
  }
}

function howToBegin(stack: string, initialised: boolean): string {
  if (stack === LAB_STACK)
    return "Run npm start: it starts the virtual data centre and provisions the cluster in it.";
  const steps = [
    ...(initialised ? [] : [`npm run pulumi -- stack init ${stack}`]),
    `npm run pulumi -- up --stack ${stack}`,
  ];
  return `Describe it in stacks/Pulumi.${stack}.yaml and run ${steps.join(", then ")}.`;
}
