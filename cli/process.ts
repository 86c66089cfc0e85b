/** Commands that take over the terminal. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a command on this process's own standard streams and returns its exit code, 128 + n where signal n ended it. An interrupt
 * from the keyboard reaches the command by itself - a second one would make pulumi give up at once - so it is passed on only where
 * there is no terminal; SIGTERM always is.
 */
export function takeOver(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: "inherit" });
    const interrupt = () => {
      if (!process.stdin.isTTY) child.kill("SIGINT");
    };
    const terminate = () => child.kill("SIGTERM");
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", terminate);
    const settle = () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("close", (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** Runs a command's main function; an error becomes one line and exit code 1. */
export function main(action: () => Promise<number>): void {
  action().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
