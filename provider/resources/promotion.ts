/** Whether Harvester's promotion controller is done for now, judged by its own rules on the live nodes. */
import { isAtRest, nextPromotion } from "../../model/promotion";
import { type NodeFacts, promotionNode } from "../harvester/node-facts";

/** What keeps promotion from resting, for people; undefined where none is under way and none is due. One that failed rests, too. */
export function promotionUnderWay(nodes: readonly NodeFacts[], version: string): string | undefined {
  const next = nextPromotion(nodes.map(promotionNode), version);
  if (isAtRest(next)) return undefined;
  return next.pick === undefined ? next.standstill.message : `${next.pick} is due to be promoted`;
}
