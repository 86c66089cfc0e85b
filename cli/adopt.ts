/**
 * `npm run adopt -- --kubeconfig k --bmc list [--stack s] [--ssh-key file] [--out folder] [--mark]`: takes over a cluster that is running.
 * Looks, lists what does not fit, and writes the stack file and the file for `pulumi stack import`. The exit code is 0 where both are
 * written, and 2 where a person has to decide something before.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { AdoptionFinding } from "../model/adoption";
import { mark } from "../provider/adoption/marks";
import { secrets } from "../provider/shell/secrets";
import { shutdown } from "../provider/shell/shutdown";
import { assess } from "./adopt/assess";
import { readBmcList } from "./adopt/bmc-list";
import { readKubeconfig } from "./adopt/kubeconfig";
import { stackFileOf, writeState } from "./adopt/state";
import { findingsTable } from "./doctor/finding";
import { type Engine, prepareEngine } from "./engine";
import { main } from "./process";
import { repository } from "./root";
import { NoCluster } from "./status/no-cluster";
import { readState } from "./status/state";

/** Environment variable with the password of Harvester's `admin`; the stack file takes it from there, too. */
const ADMIN_PASSWORD = "HARVESTER_ADMIN_PASSWORD";

async function adopt(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      kubeconfig: { type: "string" },
      bmc: { type: "string" },
      stack: { type: "string", short: "s", default: "adopted" },
      "ssh-key": { type: "string", default: join(homedir(), ".ssh", "id_ed25519") },
      out: { type: "string" },
      mark: { type: "boolean", default: false },
    },
  });
  const { stack } = values;
  const engine = await prepareEngine(stack);
  const kubeconfig = required(
    values.kubeconfig,
    "--kubeconfig <file>: the kubeconfig of the running cluster",
  );
  const list = required(values.bmc, "--bmc <file>: the list of the BMCs of its machines");
  refuseWithoutPassphrase(engine.env);
  await refuseKnownCluster(engine);
  const sshKey = resolve(values["ssh-key"]);
  try {
    const { findings, description, ready } = await assess({
      login: readKubeconfig(readText(kubeconfig, "--kubeconfig"), kubeconfig),
      bmcs: readBmcList(readText(list, "--bmc"), list),
      stack,
      adminPassword: { secretFromEnv: ADMIN_PASSWORD },
      sshPrivateKey: { secretFromFile: relativeToProject(sshKey) },
      privateKey: readText(sshKey, "--ssh-key"),
    });
    print(findingsTable(findings.map(onOneLine), "to decide"));
    if (ready === undefined) {
      print(`\nNothing was written. The description so far:\n\n${stackFileOf(description)}`);
      return 2;
    }
    const { missing, client, members } = ready;
    if (missing.length > 0 || !ready.rosterThere) {
      print("\nThe cluster does not carry the mark of this stack. To be added to it, and nothing else:");
      for (const { node, labels } of missing) {
        for (const [label, value] of Object.entries(labels)) print(`  node ${node}: label ${label}=${value}`);
      }
      if (!ready.rosterThere)
        print("  ConfigMap harvester-system/harvester-stack-roster: who belongs to the cluster");
      if (!values.mark) {
        print("\nRun this again with --mark to add it. Nothing was written. The description:\n");
        print(stackFileOf(description));
        return 2;
      }
      await mark(client, members, missing);
      print("Added.");
    }
    const files = await writeState(engine, description, ready.adoption);
    putFiles(stack, values.out ?? join(repository, ".adopted", stack), files);
    return 0;
  } finally {
    await shutdown(2000);
  }
}

function putFiles(stack: string, out: string, files: { stackFile: string; importFile: string }): void {
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stackFile = join(folder, `Pulumi.${stack}.yaml`);
  const importFile = join(folder, `${stack}.import.json`);
  writeFileSync(stackFile, files.stackFile, { mode: 0o600 });
  writeFileSync(importFile, files.importFile, { mode: 0o600 });
  print(`
${stackFile}:

${files.stackFile}
${importFile}: the state for pulumi stack import; its secrets are encrypted with your passphrase.

To put both in place:
  cp ${stackFile} stacks/
  npm run pulumi -- stack init ${stack}
  npm run pulumi -- stack import --stack ${stack} --file ${importFile}
  npm run pulumi -- preview --stack ${stack} --expect-no-changes`);
}

/** An import replaces a stack's whole state, and with it the seed that its cluster's keys follow from. */
async function refuseKnownCluster(engine: Engine): Promise<void> {
  if (engine.stack.includes("/"))
    throw new Error("--stack: give the name of the stack alone, without organization and project.");
  const known = await readState(engine).catch((error: unknown) => {
    if (error instanceof NoCluster) return undefined;
    throw error;
  });
  if (known === undefined) return;
  throw new Error(
    `--stack: stack ${engine.stack} knows a cluster already (${known.description.name}), and an import would replace its state. ` +
      "Choose another name.",
  );
}

function refuseWithoutPassphrase(env: NodeJS.ProcessEnv): void {
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined) return;
  throw new Error(
    "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE is not set: the import file holds the cluster's join token and passwords, " +
      "encrypted with that passphrase. Choose one and set it.",
  );
}

function required(value: string | undefined, what: string): string {
  if (value !== undefined) return value;
  throw new Error(`${what} is missing. docs/adopting.md shows both.`);
}

function readText(file: string, option: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${option}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** A path as a stack file has it: from the project where it lies below that. */
function relativeToProject(file: string): string {
  const path = relative(repository, file);
  return path.startsWith("..") ? file : path;
}

/** What comes from the network is shown as one line of plain text, whatever it holds. */
function onOneLine({ detail, ...finding }: AdoptionFinding): AdoptionFinding {
  return { ...finding, detail: detail.replaceAll(/[^\x20-\x7e]+/g, " ") };
}

function print(text: string): void {
  process.stdout.write(`${secrets.scrub(text)}\n`);
}

main(() => adopt(process.argv.slice(2)));
