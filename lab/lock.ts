import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type ProcessRecord, processStart } from "./processes";

/** The process that runs the lab of a folder, if one does. */
export function labProcess(siteDir: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(siteDir, "lab.pid"), "utf8")) as ProcessRecord;
    return isAlive(record) ? record : undefined;
  } catch {
    // No file, or half a one of a process that died while it wrote.
    return undefined;
  }
}

/** Makes this process the one that runs the lab of a folder; returns how to give that up. A dead process's claim is taken over. */
export function lockLab(siteDir: string): () => void {
  const file = join(siteDir, "lab.pid");
  const holder = labProcess(siteDir);
  if (holder !== undefined) {
    throw new Error(
      `lab: a lab already runs in ${siteDir} (process ${holder.pid}); "npm run lab -- status" shows it, "npm stop" ends it`,
    );
  }
  rmSync(file, { force: true });
  const record: ProcessRecord = { pid: process.pid, started: processStart(process.pid) ?? "", name: "lab" };
  try {
    const descriptor = openSync(file, "wx", 0o600);
    writeFileSync(descriptor, JSON.stringify(record));
    closeSync(descriptor);
  } catch (error) {
    throw new Error(
      `lab: another process is starting a lab in ${siteDir} right now (${(error as Error).message})`,
    );
  }
  return () => rmSync(file, { force: true });
}
