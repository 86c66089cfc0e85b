/** `npm test`: installs what the tests need, checks types and style, runs every test. */
import { delimiter, join } from "node:path";
import { testPins } from "../toolchain/pins";
import { obtainTestTool } from "../toolchain/test-tools";
import { installToolchain, toolchainPaths } from "../toolchain/toolchain";
import { main, takeOver } from "./process";
import { repository } from "./root";

/**
 * What runs when no file is named: every test, three files at a time. Most of them wait for machines of their own labs most of the time, so
 * more files than cores run side by side; with more than three, two cores are so busy that installations come near their deadlines.
 */
const EVERY_TEST = ["test/**/*.test.ts", "--parallel", "--jobs", "3"];

async function test(args: readonly string[]): Promise<number> {
  await installToolchain(repository);
  // Before the tests, not in them: a build beside machines that install would slow those down.
  for (const pin of testPins) await obtainTestTool(pin);
  const PATH = [toolchainPaths(repository).bin, process.env.PATH].filter(Boolean).join(delimiter);
  const options = { cwd: repository, env: { ...process.env, PATH } };
  const binary = (name: string) => join(repository, "node_modules", ".bin", name);
  process.stderr.write("Checking types and style\n");
  // Both always run, so that one broken file does not hide what the tests say.
  const types = await takeOver(binary("tsc"), ["--noEmit"], options);
  const style = await takeOver(binary("biome"), ["check", "."], options);
  const tests = await takeOver(binary("mocha"), args.length > 0 ? args : EVERY_TEST, options);
  return types || style || tests;
}

main(() => test(process.argv.slice(2)));
