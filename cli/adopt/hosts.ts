/** Reads the machines under a cluster: through their BMCs, and on the nodes themselves over SSH. Changes nothing. */
import {
  type BmcEntry,
  type FoundBmc,
  type FoundNode,
  type HostFacts,
  readInstalledConfiguration,
} from "../../model/adoption";
import { type BmcDescription, sshEndpointOf } from "../../model/description";
import { System } from "../../provider/redfish/system";
import { explain } from "../../provider/shell/errors";
import { runOverSsh } from "../../provider/ssh/exec";
import { readHostKey } from "../../provider/ssh/host-key";
import { resolveInClear } from "../../stacks/references";

/** How long one BMC may take for all of it. */
const BMC_MS = 30_000;

/** How long one command on a node may take. */
const COMMAND_MS = 15_000;

/** What is asked on a node; each only reads. */
const COMMANDS = {
  installed: "sudo cat /oem/harvester.config",
  serial: "sudo cat /sys/class/dmi/id/product_serial",
  disks: "lsblk --json --nodeps --bytes --output NAME,SERIAL,SIZE,TYPE",
  links: "find /dev/disk/by-id -type l -printf '%f %l\\n'",
  addresses: "ip -json addr",
} as const;

/** Reads what a BMC says of its machine. One that cannot be asked is found without a system. */
export async function readBmc(entry: BmcEntry): Promise<FoundBmc> {
  const { endpoint } = entry.bmc;
  const bmc = resolveInClear(entry.bmc, endpoint) as unknown as BmcDescription;
  const system = new System({
    bmc,
    readOnly: true,
    signal: AbortSignal.timeout(BMC_MS),
    timing: { requestMs: 8_000, attemptsMs: 8_000 },
  });
  try {
    const { uuid = "", serial = "", nics, drives, power } = await system.facts();
    const serials = drives.map((drive) => drive.serial?.trim() ?? "").filter((found) => found !== "");
    const macs = nics.map(({ mac }) => mac);
    return { entry, system: { uuid, serial, macs, drives: serials, power: power ?? "unknown" } };
  } catch (error) {
    return { entry, unread: explain(error) };
  } finally {
    await system.close();
  }
}

/** Reads a node's own system. One that cannot be reached comes back with the reason. */
export async function readHost(
  node: FoundNode,
  ssh: BmcEntry["ssh"],
  privateKey: string,
): Promise<FoundNode> {
  const { host, port } = sshEndpointOf(node.name, { ssh, address: node.address });
  try {
    const hostKey = await readHostKey(host, port, COMMAND_MS);
    const ask = async (command: string) => {
      const { code, stdout, stderr } = await runOverSsh(
        { host, port, hostKey, privateKey },
        command,
        COMMAND_MS,
      );
      if (code === 0) return stdout;
      throw new Error(
        `rancher@${host}:${port}: ${command} ended with ${code}: ${stderr.trim().slice(0, 200)}`,
      );
    };
    const answers = {} as Record<keyof typeof COMMANDS, string>;
    for (const [what, command] of Object.entries(COMMANDS)) {
      answers[what as keyof typeof COMMANDS] = await ask(command);
    }
    return { ...node, host: { sshHostKey: hostKey, ...hostFacts(answers, node.address) } };
  } catch (error) {
    return { ...node, unread: explain(error) };
  }
}

interface Interface {
  ifname: string;
  address?: string;
  permaddr?: string;
  addr_info?: { family?: string; local?: string; prefixlen?: number }[];
}

/** Reads the answers of a node. A card in a bond shows the bond's address, and its own as `permaddr`. */
function hostFacts(
  answers: Record<keyof typeof COMMANDS, string>,
  address: string | undefined,
): Omit<HostFacts, "sshHostKey"> {
  const interfaces = readJson<Interface[]>(COMMANDS.addresses, answers.addresses);
  const addresses = interfaces.flatMap((one) => one.addr_info ?? []);
  const prefix = addresses.find(({ family, local }) => family === "inet" && local === address)?.prefixlen;
  const { blockdevices } = readJson<{
    blockdevices: { name: string; serial?: string | null; type: string }[];
  }>(COMMANDS.disks, answers.disks);
  const links = answers.links
    .split("\n")
    .map((line) => line.split(" "))
    .filter((words) => words.length === 2)
    .map(([name, target]) => ({
      path: `/dev/disk/by-id/${name}`,
      device: target!.replace(/^.*\//, "/dev/"),
    }));
  return {
    serial: answers.serial.trim(),
    interfaces: interfaces.flatMap(({ ifname, address: mac, permaddr }) =>
      mac === undefined ? [] : [{ name: ifname, mac: (permaddr ?? mac).toLowerCase() }],
    ),
    ...(prefix === undefined ? {} : { prefix }),
    disks: blockdevices
      .filter(({ type }) => type === "disk")
      .map(({ name, serial }) => ({
        device: `/dev/${name}`,
        serial: serial?.trim() ?? "",
        links: links.filter(({ device }) => device === `/dev/${name}`).map(({ path }) => path),
      })),
    installed: readInstalledConfiguration(answers.installed),
  };
}

function readJson<T>(command: string, answer: string): T {
  try {
    return JSON.parse(answer) as T;
  } catch {
    throw new Error(`${command} did not answer in JSON: ${answer.slice(0, 100)}`);
  }
}
