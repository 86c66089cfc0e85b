/** Machines that have left and are nodes again: told with every change, as none of them is part of it. */
import { ofReturn } from "../../fence";
import { kindOf } from "../change";
import type { TransitionRule } from "./rule";

export const returnRules: readonly TransitionRule[] = [
  {
    id: "released-stays-out",
    about: "A machine that has left is no node of the cluster until it is described again.",
    source: "harvester#1497: a node that was deleted joins again by itself when its machine is switched on",
    severity: "warning",
    *judge({ situation: { returned }, change }) {
      if (kindOf(change) === "none") return;
      for (const machine of returned) {
        const { property, message, next } = ofReturn(machine);
        yield { property, message: `${message} It does not count in what is said here.`, next };
      }
    },
  },
];
