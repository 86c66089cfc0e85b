/** Puts the stand-in for the Node.js language host beside the engine. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const SOURCE = join(__dirname, "offline", "language-host");

/**
 * Compiles the stand-in into `lib` and puts its launcher into `bin`. It is bundled with the SDK's protocol files, because the engine
 * starts it three times in every `pulumi up` and one file loads faster than some hundred.
 */
export async function installLanguageHost(bin: string, lib: string): Promise<void> {
  await mkdir(bin, { recursive: true });
  const staging = `${lib}.${process.pid}`;
  await build({
    entryPoints: {
      "language-host": join(SOURCE, "main.ts"),
      "hidden-environment": join(SOURCE, "hidden-environment.ts"),
    },
    outdir: staging,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
  });
  await mkdir(lib, { recursive: true });
  for (const name of ["language-host.js", "hidden-environment.js"]) {
    await rename(join(staging, name), join(lib, name));
  }
  await rm(staging, { recursive: true });
  const launcher = join(bin, "pulumi-language-nodejs");
  await writeFile(
    `${launcher}.${process.pid}`,
    `#!/usr/bin/env node\nrequire("../lib/language-host.js");\n`,
    {
      mode: 0o755,
    },
  );
  await rename(`${launcher}.${process.pid}`, launcher);
}
