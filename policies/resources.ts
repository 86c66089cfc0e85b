/** Token of the resource whose input `cluster` is the whole description; all rules judge that one. */
export const PLAN = "metal:index:Plan";
