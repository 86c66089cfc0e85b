import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { utils } from "ssh2";
import { writeFileAtomic } from "./files";

/** The files in `<siteDir>/secrets`. */
export interface SecretFiles {
  bmcPassword: string;
  adminPassword: string;
  sshKey: string;
  sshPublicKey: string;
}

/**
 * Makes what an operator would choose or be handed with the hardware, unless it is there: the BMCs' password, the password wanted for
 * Harvester's admin, an SSH key pair. The lab itself reads the first only.
 */
export function ensureSecrets(siteDir: string): SecretFiles {
  const folder = join(siteDir, "secrets");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files: SecretFiles = {
    bmcPassword: join(folder, "bmc-password"),
    adminPassword: join(folder, "admin-password"),
    sshKey: join(folder, "ssh_ed25519"),
    sshPublicKey: join(folder, "ssh_ed25519.pub"),
  };
  for (const file of [files.bmcPassword, files.adminPassword]) {
    if (!existsSync(file)) writeFileAtomic(file, `${randomBytes(18).toString("base64url")}\n`, 0o600);
  }
  if (!existsSync(files.sshKey) || !existsSync(files.sshPublicKey)) {
    const pair = utils.generateKeyPairSync("ed25519", { comment: "operator of the lab" });
    writeFileAtomic(files.sshKey, pair.private, 0o600);
    writeFileAtomic(files.sshPublicKey, `${pair.public.trim()}\n`);
  }
  return files;
}
