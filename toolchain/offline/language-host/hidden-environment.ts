/**
 * Loaded first (`node --require`) in every program and policy pack this host starts. The SDK reads the stack's configuration, secrets
 * in clear, from the variables PULUMI_CONFIG and PULUMI_CONFIG_SECRET_KEYS (@pulumi/pulumi runtime/state.ts, LocalStore). A real
 * environment can be read by every process of the same user and is inherited by every child. Here the values come through a pipe
 * and are answered by `process.env` without being part of it: reading one by name works; listing or inheriting does not.
 */
import { closeSync, readSync } from "node:fs";
import { MARKER } from "./marker";

/** Reads a pipe to its end; the other side has everything ready, so this does not block for long. */
function readAll(descriptor: number): string {
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(65536);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) break;
      chunks.push(Buffer.from(buffer.subarray(0, length)));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") break;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 2);
    }
  }
  closeSync(descriptor);
  return Buffer.concat(chunks).toString("utf8");
}

// Absent in workers and forked processes, which inherit `--require` but not the pipe.
const descriptor = process.env[MARKER];
if (descriptor !== undefined) {
  delete process.env[MARKER];
  const hidden: Record<string, string> = JSON.parse(readAll(Number(descriptor)));
  process.env = new Proxy(process.env, {
    get: (env, name) => {
      const real = Reflect.get(env, name);
      return real === undefined && typeof name === "string" && Object.hasOwn(hidden, name)
        ? hidden[name]
        : real;
    },
  });
}
