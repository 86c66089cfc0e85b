/** Prefix of the tokens of all resources that carry a cluster. */
export const METAL = "metal:index:";

/** Token of the resource whose input `cluster` is the whole description; all rules judge that one. */
export const PLAN = `${METAL}Plan`;
