/** `npm run pulumi -- <any pulumi command>`; with `--print-env`, the variables for a shell in which plain `pulumi` works. */
import { toolchainPaths } from "../toolchain/toolchain";
import { prepareEngine } from "./engine";
import { exportLines, pulumiVariables, stackOf } from "./environment";
import { clearPendingCreates } from "./pending";
import { main, takeOver } from "./process";
import { repository } from "./root";

async function pulumi(args: readonly string[]): Promise<number> {
  const engine = await prepareEngine(stackOf(args, repository));
  if (args[0] === "--print-env") {
    const variables = pulumiVariables(repository, engine.toolchain, engine.stack, process.env);
    process.stdout.write(exportLines(variables, toolchainPaths(repository).bin));
    return 0;
  }
  // Flags may stand before the verb, and some take a value; the verb is no value that any of them takes.
  if (args.includes("up") || args.includes("update")) await clearPendingCreates(engine);
  return takeOver(engine.path, args, engine);
}

main(() => pulumi(process.argv.slice(2)));
