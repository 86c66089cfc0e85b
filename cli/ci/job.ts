/** What a job of a workflow is told by its environment. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../root";

/** A stack's name as pulumi allows it, and one that no command takes for a flag. */
const STACK_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Whether a text can be the name of a stack. */
export function isStackName(text: string): boolean {
  return STACK_NAME.test(text);
}

/**
 * The stack that a job is about (STACK). Refuses a job whose state would be lost: a runner empties its work folder before each job, and
 * there the state is kept where no backend is named.
 */
export function stackOfJob(env: NodeJS.ProcessEnv): string {
  const { STACK: stack = "", PULUMI_BACKEND_URL: backend = "" } = env;
  if (!isStackName(stack)) {
    throw new Error(`STACK has to name the stack that this job is about; it is ${JSON.stringify(stack)}.`);
  }
  if (backend === "" || isInThisClone(backend)) {
    throw new Error(
      "PULUMI_BACKEND_URL has to name a backend that outlives this job and that all runners share, such as s3://bucket?region=...: " +
        "a runner's work folder, where the state is kept otherwise, is emptied before each job.",
    );
  }
  return stack;
}

/** Where a person finds the job's log and what it keeps, if this runs in a workflow. */
export function linkToRun(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_RUN_ID: id } = env;
  return server && name && id ? `${server}/${name}/actions/runs/${id}` : undefined;
}

function isInThisClone(backend: string): boolean {
  if (!backend.startsWith("file://")) return false;
  // file://~ and file://. are pulumi's own; the latter is the clone.
  if (!backend.startsWith("file:///")) return !backend.startsWith("file://~");
  return !relative(repository, fileURLToPath(backend)).startsWith("..");
}
