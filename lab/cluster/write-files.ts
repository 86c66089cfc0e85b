/**
 * `os.write_files` of the installed configuration: files that the operating system writes at each boot.
 */
import { gunzipSync } from "node:zlib";
import type { HarvesterConfig } from "../types";
import type { NodeDisk } from "./disk";

interface WriteFile {
  path?: string;
  content?: string;
  encoding?: string;
  permissions?: string;
}

/** Writes the configured files to the disk. Permissions that are no octal number become 0600, as in the installer. */
export function writeConfiguredFiles(disk: NodeDisk, config: HarvesterConfig): void {
  for (const file of (config.os?.write_files ?? []) as WriteFile[]) {
    if (!file.path) continue;
    const mode = /^0?[0-7]{3,4}$/.test(file.permissions ?? "")
      ? Number.parseInt(file.permissions ?? "", 8)
      : 0o600;
    disk.write(file.path, decode(file.content ?? "", file.encoding ?? ""), mode);
  }
}

function decode(content: string, encoding: string): Buffer {
  const steps = encoding.toLowerCase().split("+");
  const base64 = steps.some((step) => step === "b64" || step === "base64");
  const bytes = Buffer.from(content, base64 ? "base64" : "utf8");
  return steps.some((step) => step === "gz" || step === "gzip") ? gunzipSync(bytes) : bytes;
}
