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
