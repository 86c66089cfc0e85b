/**
 * What the plan has judged, as data for those below it. `--target` and `--exclude` go past the plan: its outputs are then those of the last
 * change, and whatever they do not name was judged by nobody.
 */
import type { ClusterDescription } from "../../../model/description";
import { containsUnknown, UserError } from "../../shell/resource";

/** The nodes of the description that was judged last, with their counts of `reinstall`. */
export type Judged = Readonly<Record<string, number>>;

/** What is judged with a description. */
export function judgedNodes({ nodes }: Pick<ClusterDescription, "nodes">): Record<string, number> {
  return Object.fromEntries(Object.entries(nodes).map(([key, { reinstall }]) => [key, reinstall ?? 0]));
}

/** Refuses an installation that the plan has not judged. A plan of before there was such a record, or one that is not known yet, hinders nothing. */
export function refuseUnjudgedInstallation(
  judged: Judged | undefined,
  key: string,
  reinstall: number | undefined,
): void {
  if (judged === undefined || containsUnknown(judged) || judged[key] === (reinstall ?? 0)) return;
  const what = key in judged ? `under reinstall: ${reinstall ?? 0}` : "at all";
  throw new UserError(`${key}: the plan has not judged that it is installed ${what}. ${WHOLE_STACK}`);
}

/** Refuses that nodes leave which the plan still counts as described. */
export function refuseUnjudgedLeaves(judged: Judged | undefined, leavers: readonly string[]): void {
  const unjudged = judged === undefined ? [] : leavers.filter((key) => key in judged);
  if (unjudged.length === 0) return;
  const they = unjudged.length === 1 ? "it leaves" : "they leave";
  throw new UserError(`nodes.${unjudged.join(", ")}: the plan has not judged that ${they}. ${WHOLE_STACK}`);
}

const WHOLE_STACK =
  "--target and --exclude go past the plan. Nothing was changed. Run preview and up of the whole stack. (rule plan-first)";
