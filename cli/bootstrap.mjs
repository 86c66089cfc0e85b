/**
 * The first step of every command, on a bare clone too: checks what must be on the machine, installs the dependencies, compiles the
 * policy pack, and hands over to cli/<verb>.ts. Plain JavaScript without dependencies, because nothing is installed before it.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const VERBS = [
  "start",
  "stop",
  "status",
  "doctor",
  "guard",
  "report",
  "adopt",
  "lab",
  "pulumi",
  "ci/stacks",
  "ci/preview",
  "ci/up",
  "test",
];
const TICK_MS = 10_000;

/** Ends with one line that says what is wrong, why it matters and what to do. */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  refuse(
    `Node.js ${process.versions.node} is too old: the Pulumi program and its provider run on Node.js 20.19 or newer. Install it from https://nodejs.org.`,
  );
}

/** What else a command needs; Go is checked where it turns out to be needed. */
function checkPrograms(verb) {
  const works = (command, args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (verb === "test" && !works("git", ["--version"])) {
    refuse("git is missing: the tests resume killed runs from a fresh clone. Install git.");
  }
  if (["start", "lab", "test"].includes(verb) && !works("python3", ["-c", "import venv, ensurepip"])) {
    refuse(
      "Python 3 with venv is missing: the lab's BMCs are sushy-tools, which is Python. Install python3 and python3-venv.",
    );
  }
}

/** Whether node_modules holds what package-lock.json says; npm keeps its own record of what it installed there. */
function dependenciesAreCurrent() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = present[path];
    if (!found) return Boolean(entry.optional || entry.peer);
    // Not by where it came from: a mirror answers for the address in the lock file.
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** Runs a program quietly while a line tells that it goes on; shows its output only if it fails. */
function runWithProgress(what, command, args, far) {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const tty = process.stderr.isTTY;
  const tell = () =>
    process.stderr.write(`${tty ? "\r\u001b[2K" : ""}${what}: ${far()} (${elapsed()})${tty ? "" : "\n"}`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    tell();
    const timer = setInterval(tell, tty ? 1_000 : TICK_MS);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      process.stderr.write(
        `${tty ? "\r\u001b[2K" : ""}${what}: ${code === 0 ? "done" : "failed"} (${elapsed()})\n`,
      );
      if (code === 0) return resolve();
      process.stderr.write(output);
      reject(new Error(`${command} ${args.join(" ")} ended with ${code}; its output is above.`));
    });
  });
}

/** How many packages lie in node_modules; counts scopes one level deeper. */
function packagesThere() {
  const modules = join(root, "node_modules");
  if (!existsSync(modules)) return 0;
  let count = 0;
  for (const name of readdirSync(modules)) {
    if (name.startsWith("@")) count += readdirSync(join(modules, name)).length;
    else if (!name.startsWith(".")) count++;
  }
  return count;
}

async function installDependencies() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const total = Object.keys(lock).filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)).length;
  await runWithProgress(
    "npm packages",
    "npm",
    ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
    () => `${packagesThere()} of at most ${total} there`,
  );
}

/** The time of the newest source file below a folder. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "dist" || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/** Compiles the policy pack if a source is newer: a pack in TypeScript would be type-checked in every run of the engine. */
function buildPolicies() {
  const build = join(root, "policies", "build.mjs");
  if (!existsSync(build)) return;
  const dist = join(root, "policies", "dist");
  const built = existsSync(dist)
    ? Math.min(...readdirSync(dist).map((name) => statSync(join(dist, name)).mtimeMs))
    : 0;
  if (Number.isFinite(built) && built > Math.max(newest(join(root, "policies")), newest(join(root, "model"))))
    return;
  const { status } = spawnSync(process.execPath, [build], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error("The policy pack did not compile; the messages are above.");
}

/** Runs the command itself. It shares the terminal, so an interrupt from the keyboard reaches it without help. */
function handOver(verb, args) {
  const script = join(root, "cli", `${verb}.ts`);
  const tsx = createRequire(script).resolve("tsx/cjs");
  const child = spawn(process.execPath, ["--require", tsx, script, ...args], { stdio: "inherit" });
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.once("error", (error) => refuse(error.message));
  child.once("close", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code ?? 1;
  });
}

const [verb = "", ...args] = process.argv.slice(2);
checkNode();
if (!VERBS.includes(verb))
  refuse(`There is no command ${JSON.stringify(verb)}; there are ${VERBS.join(", ")}.`);
try {
  if (!existsSync(join(root, ".toolchain", "installed.json"))) checkPrograms(verb);
  if (!dependenciesAreCurrent()) await installDependencies();
  buildPolicies();
} catch (error) {
  refuse(error.message);
}
handOver(verb, args);
