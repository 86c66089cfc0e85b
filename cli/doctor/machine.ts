/** Looks at one machine through its BMC, before anything is ever done to it. */
import type { ClusterDescription, NodeDescription } from "../../model/description";
import { compareHardware, describeComparison } from "../../model/hardware";
import type { SystemFacts } from "../../provider/redfish/facts";
import { System } from "../../provider/redfish/system";
import { readMark } from "../../provider/resources/machine/mark";
import { preflight } from "../../provider/resources/machine/preflight";
import { explain } from "../../provider/shell/errors";
import { type Finding, finding } from "./finding";

/** How long a BMC may take for all of it. */
const PATIENCE_MS = 30_000;

/** Everything about one node's machine. If its BMC cannot be asked, that is the only finding. */
export async function examineMachine(
  key: string,
  node: NodeDescription,
  cluster: ClusterDescription,
): Promise<Finding[]> {
  const system = new System({
    bmc: node.bmc,
    readOnly: true,
    signal: AbortSignal.timeout(PATIENCE_MS),
    timing: { requestMs: 10_000, attemptsMs: 15_000 },
  });
  try {
    const facts = await system.facts();
    return await Promise.all([
      finding(key, "BMC login", async () => trustOf(node)),
      finding(key, "identity", async () => identity(node, facts)),
      finding(key, "disks", async () => disks(node, facts)),
      finding(key, "HTTP boot", async () => httpBoot(facts)),
      finding(key, "mark", async () => mark(facts)),
      finding(key, "clock", async () => clock(await system.clock())),
      ...enough(key, node, cluster, facts),
    ]);
  } catch (error) {
    return [{ subject: key, check: "BMC login", result: "fail", detail: explain(error) }];
  } finally {
    await system.close();
  }
}

function trustOf(node: NodeDescription): string | Pick<Finding, "result" | "detail"> {
  if (node.bmc.tls?.insecure) {
    return {
      result: "warn",
      detail: `${node.bmc.endpoint} answers, and nobody checks its certificate (tls.insecure)`,
    };
  }
  return `${node.bmc.endpoint} answers, its certificate is trusted`;
}

function identity(node: NodeDescription, facts: SystemFacts): string | Pick<Finding, "result" | "detail"> {
  const comparison = compareHardware({ ...node.hardware }, { uuid: facts.uuid, serial: facts.serial });
  const detail = describeComparison(comparison).join("; ");
  return comparison.verdict === "same"
    ? `${facts.manufacturer ?? ""} ${facts.model ?? ""} ${facts.serial}`.trim()
    : { result: "fail", detail: `not the host of the description: ${detail}` };
}

function disks(node: NodeDescription, facts: SystemFacts): string | Pick<Finding, "result" | "detail"> {
  const wanted = [
    node.disks.install,
    ...(node.disks.data ? [node.disks.data] : []),
    ...(node.disks.wipe ?? []),
  ];
  const present = new Map(facts.drives.map((drive) => [drive.serial?.trim(), drive]));
  if (present.size === 0)
    return { result: "warn", detail: "the BMC lists no disks, so serials cannot be compared" };
  const missing = wanted.filter((disk) => !present.has(disk.serial));
  if (missing.length > 0) {
    const listed = facts.drives.map((drive) => drive.serial).join(", ");
    const serials = missing.map((disk) => disk.serial).join(", ");
    return { result: "fail", detail: `no disk with serial ${serials}; the BMC lists ${listed}` };
  }
  const ailing = wanted.filter((disk) => ![undefined, "OK"].includes(present.get(disk.serial)?.health));
  if (ailing.length > 0) {
    return { result: "warn", detail: `not healthy: ${ailing.map((disk) => disk.serial).join(", ")}` };
  }
  return `will be wiped: ${wanted.map((disk) => disk.serial).join(", ")}`;
}

function httpBoot(facts: SystemFacts): string | Pick<Finding, "result" | "detail"> {
  if (facts.bootTargets === undefined) {
    return { result: "warn", detail: "the BMC does not list its boot targets; UefiHttp is needed" };
  }
  if (!facts.bootTargets.includes("UefiHttp")) {
    return {
      result: "fail",
      detail: `the BMC offers ${facts.bootTargets.join(", ")}, not UefiHttp: enable HTTP boot in the BIOS, or update it`,
    };
  }
  return "UefiHttp is offered";
}

function mark(facts: SystemFacts): string | Pick<Finding, "result" | "detail"> {
  const found = readMark(facts.assetTag);
  if (found === undefined)
    return facts.assetTag ? `asset tag "${facts.assetTag}" will be kept` : "none: never installed";
  return {
    result: "warn",
    detail: `carries the mark of an installation (${found.intent}, ${found.phase}): it is installed again only if this stack made it`,
  };
}

function clock(offsetSeconds: number | undefined): string | Pick<Finding, "result" | "detail"> {
  if (offsetSeconds === undefined) return { result: "warn", detail: "the BMC does not tell its time" };
  const detail = `${Math.abs(Math.round(offsetSeconds))} s ${offsetSeconds < 0 ? "behind" : "ahead of"} this machine`;
  // Certificates made in the future are refused by whoever lives in the past.
  return Math.abs(offsetSeconds) > 60 ? { result: "warn", detail: `${detail}: set its time` } : detail;
}

function enough(
  key: string,
  node: NodeDescription,
  cluster: ClusterDescription,
  facts: SystemFacts,
): Promise<Finding>[] {
  const problems = preflight(cluster, node, facts);
  if (problems.length === 0)
    return [finding(key, "preflight", async () => "the installer will find enough of everything")];
  return problems.map(({ severity, message }) =>
    finding(key, "preflight", async () => ({
      result: severity === "error" ? "fail" : "warn",
      detail: message,
    })),
  );
}
