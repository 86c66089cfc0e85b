/** What a test can see of what was done to a data centre: the BMCs' log and the API servers' audit logs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A request of a BMC's log. */
export interface BmcRequest {
  machine: string;
  method: string;
  path: string;
  status: number;
}

/** A line of an API server's audit log, as far as it is looked at. */
export interface AuditEvent {
  stage: string;
  verb: string;
  requestURI: string;
  user: { username: string };
  impersonatedUser?: { username: string };
  objectRef?: { resource?: string; name?: string };
}

/** HTTP methods that change something. */
const WRITING_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

const READING_VERBS: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Rancher, through which everybody comes who comes through the VIP. */
const RANCHER = "system:serviceaccount:cattle-system:rancher";

/** What asking about one's own rights is called; it stores nothing. */
const REVIEWS = /^self(subject|node)/;

/** The objects on the lines of a file, without a last line that is still being written. */
export function readLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as T);
}

/**
 * Whether somebody asked for a change of the cluster through the VIP. The cluster's own loops have other users. A login and its end make
 * and remove a token (P7 allows that), and a dry run stores nothing.
 */
export function isClusterWrite({ stage, verb, requestURI, user, objectRef }: AuditEvent): boolean {
  return (
    stage === "ResponseComplete" &&
    !READING_VERBS.has(verb) &&
    user.username === RANCHER &&
    objectRef?.resource !== "tokens" &&
    !REVIEWS.test(objectRef?.resource ?? "") &&
    !requestURI.includes("dryRun=All")
  );
}

/** Changes of the cluster that somebody asked for through the VIP. */
export function clusterWrites(auditDir: string): AuditEvent[] {
  return readdirSync(auditDir)
    .flatMap((name) => readLines<AuditEvent>(join(auditDir, name)))
    .filter(isClusterWrite);
}

/** Whether a request changes something at a BMC; sessions come and go. */
export function isBmcWrite({ method, path }: BmcRequest): boolean {
  return WRITING_METHODS.has(method) && !path.includes("/SessionService/");
}
