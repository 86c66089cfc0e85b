/** Machines that have left a cluster for good, and are nodes of it again all the same: somebody has switched one on with its old disk, or installed it by hand. */
import type { NodeDescription } from "../description";
import { sameUuid } from "../hardware";

/** A machine that left for good, as the cluster's roster remembers it. */
export interface ReleasedMachine {
  /** The key under which it was described. */
  key: string;
  /** System UUID. */
  uuid: string;
  serial: string;
  /** Intent under which it was installed. */
  installation: string;
  /** When it left, ISO 8601. */
  at: string;
  /** `left`: emptied, uninstalled, switched off. `removed`: it was dead, and was switched off first. */
  how: "left" | "removed";
  /** What was to make sure that it stays off. */
  fence: string;
}

/** Such a machine, and the node that it is now. */
export interface ReturnedMachine<M extends ReleasedMachine = ReleasedMachine> {
  /** Name of the node. */
  node: string;
  released: M;
}

/** What tells who has come back. */
export interface ReturnRequest<M extends ReleasedMachine> {
  /** The nodes of the cluster; `installation` is the intent that a node's label names, where it has one. */
  nodes: readonly { name: string; uuid: string; installation?: string | undefined }[];
  /** Who left, the last one last. */
  left: readonly M[];
  /** Who is wanted: whose machine is described again is taken for invited, and comes back as what the description says. */
  described: Readonly<Record<string, Pick<NodeDescription, "hardware" | "wasHardware">>>;
  /** Keys of described nodes whose eviction nobody has answered: they are described, and not invited. */
  evicted: readonly string[];
}

/**
 * The machines that came back uninvited. A host is told by its system UUID, in either byte order: its name and its address may have been
 * given to another one since.
 */
export function returnedMachines<M extends ReleasedMachine>({
  nodes,
  left,
  described,
  evicted,
}: ReturnRequest<M>): ReturnedMachine<M>[] {
  const invited = Object.entries(described).flatMap(([key, { hardware, wasHardware }]) =>
    evicted.includes(key) ? [] : [hardware.uuid, ...(wasHardware === undefined ? [] : [wasHardware.uuid])],
  );
  return nodes.flatMap(({ name, uuid, installation }) => {
    const released = left.findLast((machine) => sameUuid(machine.uuid, uuid));
    if (released === undefined) return [];
    // Somebody has installed it since: whoever looks has an older description than they.
    if (installation !== undefined && installation !== released.installation) return [];
    if (invited.some((host) => sameUuid(host, uuid))) return [];
    return [{ node: name, released }];
  });
}

/** What is said of one, wherever it is noticed. */
export function ofReturn({ node, released }: ReturnedMachine): {
  property: string;
  message: string;
  next: string;
} {
  const { key, serial, at, how, fence } = released;
  const went = how === "removed" ? "was removed dead" : "left";
  return {
    property: "nodes",
    message:
      `the machine of ${key} (serial ${serial}), which ${went} at ${at} (${fence}), is in the cluster again, as the node ${node}: it was switched on ` +
      "with its old disk, or installed by hand. Nobody asked for it, and virtual machines, volumes and a vote in etcd may be placed on it.",
    next:
      `\`pulumi up\` and every pass of \`npm run guard\` take ${node} out of use, switch the machine off and remove the node. See to it that it stays off, ` +
      "and wipe its disk. If it is wanted after all, describe it.",
  };
}
