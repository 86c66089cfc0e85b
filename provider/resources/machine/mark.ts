/**
 * The mark on the hardware: one word in the BMC's asset tag. It is the only journal that survives a killed provider,
 * an engine without state and a wiped disk. What else stands in the tag belongs to the site's inventory and is kept.
 */
import { assetTag, type IntentPhase, parseAssetTag } from "../../../model/hardware";
import { UserError } from "../../shell/resource";

/** A mark as it is read. */
export type Mark = NonNullable<ReturnType<typeof parseAssetTag>>;

/** Longest asset tag that common BMCs keep whole (iDRAC: 63 characters). */
const LONGEST_TAG = 63;

/** Our mark in an asset tag. */
export function readMark(tag: string | undefined): Mark | undefined {
  return words(tag)
    .map(parseAssetTag)
    .find((mark) => mark !== undefined);
}

/** The asset tag with our mark set; everything else in it stays. */
export function withMark(tag: string | undefined, intent: string, phase: IntentPhase): string {
  const marked = [...withoutMark(tag), assetTag(intent, phase)].join(" ");
  if (marked.length <= LONGEST_TAG) return marked;
  throw new UserError(
    `node.bmc: the asset tag "${withoutMark(tag).join(" ")}" leaves no room for the mark that guards this machine against ` +
      `being installed twice (at most ${LONGEST_TAG} characters in all). Shorten the tag in the BMC.`,
  );
}

/** The asset tag as it was before us. */
export function cleared(tag: string | undefined): string {
  return withoutMark(tag).join(" ");
}

function withoutMark(tag: string | undefined): string[] {
  return words(tag).filter((word) => parseAssetTag(word) === undefined);
}

function words(tag: string | undefined): string[] {
  return (tag ?? "").split(/\s+/).filter((word) => word !== "");
}
