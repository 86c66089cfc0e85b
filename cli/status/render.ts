/** A cluster's status as text for a terminal and as Markdown. */
import { inWords } from "../../model/duration";
import type { ClusterStatus, NodeReport, UndescribedNode } from "./status";

const COLUMNS: readonly [title: string, of: (node: NodeReport, now: Date) => string][] = [
  ["node", (node) => node.name],
  ["hardware", (node) => node.hardware.serial],
  ["role", (node) => node.role],
  ["control plane", (node) => yes(node.controlPlane)],
  ["voter", (node) => yes(node.etcdVoter)],
  ["leader", (node) => yes(node.etcdLeader)],
  ["VIP", (node) => yes(node.vipHolder)],
  ["version", (node) => node.version ?? "?"],
  ["power", (node) => node.power ?? "?"],
  ["state", (node) => (node.ready ? "Ready" : "not Ready")],
  ["since", (node, now) => (node.since === null ? "?" : inWords(now.getTime() - Date.parse(node.since)))],
];

/** As text, columns aligned. */
export function renderText(status: ClusterStatus): string {
  const rows = table(status);
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [...headline(status), "", ...lines, ...remarks(status)].join("\n");
}

/** As Markdown. */
export function renderMarkdown(status: ClusterStatus): string {
  const [titles, ...rows] = table(status);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = [line(titles!), line(titles!.map(() => "---"))];
  const [first, ...rest] = headline(status);
  return [`**${first}**`, "", ...rest, "", ...head, ...rows.map(line), ...remarks(status)].join("\n");
}

function headline({ cluster, stack, vip, quorum }: ClusterStatus): string[] {
  const reach = vip.reachable ? "answers" : "does not answer";
  return [
    `Cluster ${cluster} (stack ${stack}): ${vip.url} ${reach}`,
    `etcd: ${quorum.healthy} of ${quorum.members} voters healthy, ${quorum.tolerance} more may fail`,
  ];
}

function table({ nodes, at }: ClusterStatus): string[][] {
  const now = new Date(at);
  return [COLUMNS.map(([title]) => title), ...nodes.map((node) => COLUMNS.map(([, of]) => of(node, now)))];
}

function remarks({ notDescribed, notKnown }: ClusterStatus): string[] {
  const lines = [
    ...notDescribed.map((node) => `Not described: ${strange(node)}`),
    ...notKnown.map((remark) => `Not known: ${remark}`),
  ];
  return lines.length === 0 ? [] : ["", ...lines];
}

function strange({ name, uuid, ready, controlPlane, etcdVoter, leaving }: UndescribedNode): string {
  const is = [
    ready ? "Ready" : "not Ready",
    ...(controlPlane ? ["control plane"] : []),
    ...(etcdVoter ? ["etcd voter"] : []),
  ].join(", ");
  const why = leaving
    ? "it is on its way out of the cluster; `up` carries that to its end"
    : "the cluster has it and the description does not name it. Find out who made it join";
  return `node ${name} (${is}; UUID ${uuid || "unknown"}): ${why}`;
}

function yes(value: boolean | null): string {
  return value === null ? "?" : value ? "yes" : "-";
}
