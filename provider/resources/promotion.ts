/** Whether Harvester's promotion controller is done for now, judged by its own rules on the live nodes. */
import { isAtRest, nextPromotion } from "../../model/promotion";
import { type NodeFacts, promotionNode } from "../harvester/node-facts";

/** No promotion is under way, and none is due. One that failed rests, too: it blocks every further one. */
export function promotionRests(nodes: readonly NodeFacts[], version: string): boolean {
  return isAtRest(nextPromotion(nodes.map(promotionNode), version));
}
