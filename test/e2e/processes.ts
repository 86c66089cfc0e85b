/** The processes of a run of pulumi, as /proc shows them. */
import { readdirSync, readFileSync } from "node:fs";

/** A process. */
export interface Proc {
  pid: number;
  parent: number;
  command: string;
  environment: string;
}

/** Every process that can be looked at; one that ends meanwhile is left out. */
export function processes(): Proc[] {
  const found: Proc[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The name in brackets may hold blanks; the parent comes second after it.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") continue;
      found.push({
        pid: Number(name),
        parent: Number(parent),
        command: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
        environment: readFileSync(`/proc/${name}/environ`, "utf8"),
      });
    } catch {
      // It has ended.
    }
  }
  return found;
}

/** A process and everything below it. */
export function familyOf(pid: number, all = processes()): Proc[] {
  const family = all.filter((proc) => proc.pid === pid);
  for (let at = 0; at < family.length; at++) {
    const parent = family[at]!.pid;
    family.push(...all.filter((proc) => proc.parent === parent));
  }
  return family;
}

/** The provider of a run. */
export function providerOf(engine: number): Proc | undefined {
  return familyOf(engine).find(({ command }) => command.includes("pulumi-resource-metal"));
}

/** The boot server of a run. */
export function bootServerOf(engine: number): Proc | undefined {
  return familyOf(engine).find(({ command }) => /provider\/boot\/process\.ts/.test(command));
}
