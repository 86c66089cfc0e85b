import { readJson, writeJson } from "../files";
import type { Faults, LabClock, Ledger, MachineHardware } from "../types";
import { FAULTS, type FaultName } from "./table";

/** Target of the faults that concern no single machine. */
export const SITE = "site";

/** A fault that is active. */
export interface ActiveFault {
  target: string;
  fault: FaultName;
  args: string[];
  /** Lab time at which it ends by itself; kept only while the lab runs. */
  until?: number;
}

/** Which faults are active; they outlast a stop of the lab, but for those that end by themselves. */
export class FaultBoard implements Faults {
  #active: ActiveFault[];
  readonly #listeners: ((target: string, fault: FaultName) => void)[] = [];

  constructor(
    private readonly file: string,
    private readonly machines: readonly MachineHardware[],
    private readonly clock: LabClock,
    private readonly ledger: Ledger,
  ) {
    this.#active = readJson<ActiveFault[]>(file) ?? [];
  }

  active(target: string, fault: FaultName): string[] | undefined {
    return this.all().find((active) => active.target === target && active.fault === fault)?.args;
  }

  /** All that is wrong now. */
  all(): ActiveFault[] {
    const now = this.clock.now();
    return this.#active.filter(({ until }) => until === undefined || until > now);
  }

  /** What a machine is made of now. */
  hardware(own: MachineHardware): MachineHardware {
    return this.all()
      .filter(({ target }) => target === own.name)
      .reduce((seen, { fault, args }) => FAULTS[fault].hardware?.(seen, args, this.machines) ?? seen, own);
  }

  /** Makes something go wrong, for so many lab seconds or until it is cleared. A fault that is active already gets new arguments. */
  set(target: string, fault: FaultName, args: string[] = [], forSeconds?: number): void {
    this.#check(target, fault, args);
    const until = forSeconds === undefined ? undefined : this.clock.now() + forSeconds;
    this.#change([...this.#without(target, fault), { target, fault, args, until }]);
    this.ledger.append({ machine: target, event: "fault", fault, args: args.join(" "), forSeconds });
    this.#tell(target, fault);
  }

  /** Ends one fault of a target, or all. */
  clear(target: string, fault?: FaultName): void {
    const ended = this.all().filter((a) => a.target === target && (fault === undefined || a.fault === fault));
    this.#change(this.all().filter((active) => !ended.includes(active)));
    for (const { fault: name } of ended) {
      this.ledger.append({ machine: target, event: "fault-cleared", fault: name });
      this.#tell(target, name);
    }
  }

  /** Calls back after a fault was set or cleared. */
  onChange(listener: (target: string, fault: FaultName) => void): void {
    this.#listeners.push(listener);
  }

  #check(target: string, fault: FaultName, args: string[]): void {
    const kind = FAULTS[fault];
    if (kind === undefined) {
      throw new Error(`the lab knows no fault "${fault}"; it knows ${Object.keys(FAULTS).join(", ")}`);
    }
    const own = this.machines.find(({ name }) => name === target);
    if (kind.on === "site" ? target !== SITE : own === undefined) {
      const where = kind.on === "site" ? SITE : this.machines.map(({ name }) => name).join(", ");
      throw new Error(`"${target}" cannot have the fault ${fault}; set it on ${where}`);
    }
    // Arguments that name nothing are an error now, not at the next look.
    if (own) kind.hardware?.(own, args, this.machines);
  }

  #without(target: string, fault: FaultName): ActiveFault[] {
    return this.all().filter((active) => active.target !== target || active.fault !== fault);
  }

  #change(active: ActiveFault[]): void {
    this.#active = active;
    writeJson(
      this.file,
      active.filter(({ until }) => until === undefined),
    );
  }

  #tell(target: string, fault: FaultName): void {
    for (const listener of this.#listeners) listener(target, fault);
  }
}
