/** What `npm run doctor` found out about one thing. */
export interface Finding {
  /** What it is about: a node's key, `VIP`, `artifacts`, `boot server`, `description`. */
  subject: string;
  /** What was looked at, in a few words. */
  check: string;
  /** `fail` has to be mended before the first `pulumi up`; `warn` deserves a look. */
  result: "ok" | "warn" | "fail";
  /** What was seen, and what to do about it. */
  detail: string;
}

/** Runs a check; whatever it throws is its failure. */
export async function finding(
  subject: string,
  check: string,
  look: () => Promise<string | Pick<Finding, "result" | "detail">>,
): Promise<Finding> {
  try {
    const seen = await look();
    return { subject, check, ...(typeof seen === "string" ? { result: "ok", detail: seen } : seen) };
  } catch (error) {
    return { subject, check, result: "fail", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Findings as a table for a terminal, and how many there are of each result; `failed` is what those that fail are there for. */
export function findingsTable(findings: readonly Finding[], failed: string): string {
  const rows = findings.map(
    ({ result, subject, check, detail }) => [result, subject, check, detail] as const,
  );
  const width = (column: 1 | 2) => Math.max(0, ...rows.map((row) => row[column].length));
  const lines = rows.map(
    (row) => `${row[0].padEnd(4)}  ${row[1].padEnd(width(1))}  ${row[2].padEnd(width(2))}  ${row[3]}`,
  );
  const count = (result: Finding["result"]) => findings.filter((found) => found.result === result).length;
  const sum = `${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} ${failed}`;
  return [...lines, "", sum].join("\n");
}
