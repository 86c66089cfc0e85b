import { join } from "node:path";
import { readJson, writeJson } from "../files";
import type { MachineHardware } from "../types";

/** The boot override as Redfish words it. */
export interface BootOverride {
  enabled: "Disabled" | "Once" | "Continuous";
  target: "None" | "Pxe" | "UefiHttp" | "Hdd" | "Cd";
  httpBootUri: string;
}

/** What the BMC says about the health of a drive. */
export interface DriveHealth {
  lifeLeftPercent: number;
  failurePredicted: boolean;
  health: "OK" | "Warning" | "Critical";
  state: "Enabled" | "Absent";
}

/** A drive at the end of its life. */
export const WORN_OUT: DriveHealth = {
  lifeLeftPercent: 2,
  failurePredicted: true,
  health: "Warning",
  state: "Enabled",
};

/** What a machine keeps without power: the BMC's settings, and whether it was on when the lab was stopped. */
export interface MachineState {
  power: "On" | "Off";
  boot: BootOverride;
  assetTag: string;
  powerRestorePolicy: "AlwaysOn" | "AlwaysOff" | "LastState";
  /** By serial number. */
  drives: Record<string, DriveHealth>;
}

/** A machine as it is delivered: off, no override, healthy drives. */
export function deliveredState(hardware: MachineHardware): MachineState {
  const drives: Record<string, DriveHealth> = {};
  for (const disk of hardware.disks) {
    drives[disk.serial] = { lifeLeftPercent: 100, failurePredicted: false, health: "OK", state: "Enabled" };
  }
  return {
    power: "Off",
    boot: { enabled: "Disabled", target: "None", httpBootUri: "" },
    assetTag: "",
    powerRestorePolicy: "LastState",
    drives,
  };
}

/** The state of one machine in its folder. */
export class StateFile {
  readonly #file: string;
  #state: MachineState;

  constructor(dir: string, hardware: MachineHardware) {
    this.#file = join(dir, "machine.json");
    this.#state = readJson<MachineState>(this.#file) ?? deliveredState(hardware);
  }

  get value(): Readonly<MachineState> {
    return this.#state;
  }

  change(changes: Partial<MachineState>): void {
    this.#state = { ...this.#state, ...changes };
    writeJson(this.#file, this.#state);
  }
}
