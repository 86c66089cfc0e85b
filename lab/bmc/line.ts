/**
 * What is wrong with the way to a BMC, and with its answers: asked for by the BMC process at every connection and request.
 */
import type { FaultName } from "../faults/table";
import type { Faults } from "../types";

/** How a BMC behaves towards those who talk to it. */
export interface BmcLine {
  /** Takes connections and says nothing. */
  silent: boolean;
  /** Shows a certificate of its own making. */
  foreign: boolean;
  /** Of so many requests it answers one; all of them when absent. */
  busy?: number;
  /** Does what it is told to change, and does not answer. */
  answerLost: boolean;
  /** Requests that a session lives for; any number when absent. */
  sessionRequests?: number;
}

/** The line to the BMC of a machine; without mains power it is silent. */
export function bmcLine(faults: Faults, machine: string, hasMains: boolean): BmcLine {
  const has = (fault: FaultName) => faults.active(machine, fault) !== undefined;
  const number = (fault: FaultName, otherwise: number) => {
    const args = faults.active(machine, fault);
    return args && Number(args[0] ?? otherwise);
  };
  return {
    silent: !hasMains || has("bmc-silent"),
    foreign: has("bmc-certificate"),
    busy: number("bmc-busy", 4),
    answerLost: has("bmc-answer-lost"),
    sessionRequests: number("bmc-session-ends", 3),
  };
}
