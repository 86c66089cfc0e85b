import { delimiter, join } from "node:path";
import { toolchainPaths } from "../toolchain/toolchain";
import { takeOver } from "./process";
import { repository } from "./root";

/** Runs a command of the lab, which finds etcd and kube-apiserver on PATH. */
export function runLab(args: readonly string[]): Promise<number> {
  const PATH = [toolchainPaths(repository).bin, process.env.PATH].filter(Boolean).join(delimiter);
  const script = join(repository, "lab", "cli.ts");
  return takeOver(process.execPath, ["--require", "tsx/cjs", script, ...args], {
    cwd: repository,
    env: { ...process.env, PATH },
  });
}
