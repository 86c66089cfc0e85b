import type { FaultName } from "../faults/table";
import type { LabClock, Ledger, MachineHardware } from "../types";
import type { Delays } from "./delays";
import type { Disks } from "./disks";
import { type MachineAnswer, type MachineRequest, machineFetch } from "./http";

/** Where a machine is between power-on and a running node; `halted` is powered on, but nothing more will happen by itself. */
export type Phase = "off" | "post" | "network-boot" | "kernel" | "installer" | "os-boot" | "os" | "halted";

/** What firmware, live system and installer need from the machine they run on. */
export interface MachineHost {
  readonly name: string;
  readonly net: string;
  readonly hardware: MachineHardware;
  readonly disks: Disks;
  readonly clock: LabClock;
  readonly delays: Delays;
  readonly ledger: Ledger;
  /** Arguments of a fault while the machine has it. */
  fault(name: FaultName): string[] | undefined;
  console(line: string): void;
  phase(phase: Phase, detail?: string): void;
}

/**
 * Nothing more happens on the machine until somebody acts: it sits there, powered on. `acpi` says whether an operating system runs that
 * would obey a graceful shutdown.
 */
export class Halted extends Error {
  constructor(
    message: string,
    readonly acpi: boolean,
  ) {
    super(message);
  }
}

/** Sends a request from a machine; an address outside the lab's network has no route. */
export async function fetchFrom(
  host: MachineHost,
  address: string,
  url: string,
  options: Omit<MachineRequest, "from">,
): Promise<MachineAnswer> {
  if (!address.startsWith(`${host.net}.`)) {
    throw new Error(
      `dial tcp: connect: network is unreachable (own address ${address}, network ${host.net}.0/24)`,
    );
  }
  return await machineFetch(url, { ...options, from: address });
}
