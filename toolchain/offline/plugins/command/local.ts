/** Commands on this machine (local/commandOutputs.go run). */
import { spawn } from "node:child_process";
import { Collector } from "./collect";
import type { Run, Said } from "./command";

/** Runs a command here. */
export function runLocally({ command, inputs, environment, signal, show }: Run): Promise<Said> {
  const interpreter =
    Array.isArray(inputs.interpreter) && inputs.interpreter.length > 0 ? inputs.interpreter : null;
  const [program = "/bin/sh", ...args] = interpreter?.map(String) ?? ["/bin/sh", "-c"];
  const collector = new Collector(inputs.logging, show);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, command], {
      cwd: typeof inputs.dir === "string" ? inputs.dir : process.cwd(),
      env: { ...process.env, ...environment },
      signal,
      killSignal: "SIGKILL",
    });
    collector.listen(child.stdout, "stdout");
    collector.listen(child.stderr, "stderr");
    child.on("error", (error) =>
      reject(signal.aborted ? signal.reason : collector.failure(error.message, command)),
    );
    child.on("close", (code, killedBy) => {
      if (code === 0) resolve(collector.said);
      else reject(collector.failure(killedBy ? `signal: ${killedBy}` : `exit status ${code}`, command));
    });
    child.stdin.on("error", () => {}); // A command need not read what it is given.
    child.stdin.end(typeof inputs.stdin === "string" ? inputs.stdin : "");
  });
}
