/** `npm run doctor [-- --stack s] [--json]`: before the first `pulumi up` on real hardware; looks at everything, changes nothing. */
import { parseArgs } from "node:util";
import { describeProblem } from "../model/problem";
import { validateDescription } from "../model/validate";
import { shutdown } from "../provider/shell/shutdown";
import { readDescription } from "./doctor/description";
import { type Finding, findingsTable } from "./doctor/finding";
import { examineMachine } from "./doctor/machine";
import { examineSite } from "./doctor/site";
import { prepareEngine } from "./engine";
import { stackOf } from "./environment";
import { main } from "./process";
import { repository } from "./root";

async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { stack: { type: "string", short: "s" }, json: { type: "boolean", default: false } },
  });
  const engine = await prepareEngine(values.stack ?? stackOf([], repository));
  const cluster = await readDescription(engine);
  const findings: Finding[] = validateDescription(cluster).map((problem) => ({
    subject: "description",
    check: problem.rule,
    result: problem.severity === "error" ? "fail" : "warn",
    detail: describeProblem(problem),
  }));
  // What breaks a rule is not worth asking the hardware about, and may not even have the right shape.
  if (!findings.some(({ result }) => result === "fail")) {
    const machines = Object.entries(cluster.nodes).map(([key, node]) => examineMachine(key, node, cluster));
    findings.push(...(await Promise.all([examineSite(cluster), ...machines])).flat());
    await shutdown(2000);
  }
  process.stdout.write(
    values.json ? `${JSON.stringify(findings, null, 2)}\n` : `${findingsTable(findings, "to mend")}\n`,
  );
  return findings.some(({ result }) => result === "fail") ? 1 : 0;
}

main(() => doctor(process.argv.slice(2)));
