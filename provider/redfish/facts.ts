/** What a BMC says about its machine, in plain values. A field is `undefined` where the BMC does not say. */
import type { BmcClient, Json } from "./client";

/** Power as Redfish names it. `PoweringOn` and `PoweringOff` are on their way. */
export type PowerState = "On" | "Off" | "PoweringOn" | "PoweringOff" | "Paused";

/** The boot override that the BMC holds. */
export interface BootOverride {
  enabled: "Disabled" | "Once" | "Continuous";
  target: string;
  uri: string | undefined;
}

/** What changes while a machine is worked on; one request. */
export interface SystemState {
  power: PowerState | undefined;
  assetTag: string | undefined;
  bootOverride: BootOverride;
  powerRestorePolicy: string | undefined;
}

/** A network interface. */
export interface NicFacts {
  name: string;
  mac: string;
  linkUp: boolean | undefined;
  speedMbps: number | undefined;
}

/** A disk. */
export interface DriveFacts {
  name: string;
  serial: string | undefined;
  model: string | undefined;
  bytes: number | undefined;
  health: string | undefined;
}

/** All that is known of a machine. */
export interface SystemFacts extends SystemState {
  /** Health of the whole machine [Redfish ComputerSystem: Status.Health]: `OK`, `Warning`, `Critical`. */
  health: string | undefined;
  uuid: string | undefined;
  serial: string | undefined;
  manufacturer: string | undefined;
  model: string | undefined;
  biosVersion: string | undefined;
  processors: { count: number | undefined; cores: number | undefined; threads: number | undefined };
  memoryGiB: number | undefined;
  nics: NicFacts[];
  drives: DriveFacts[];
  /** Whether the firmware boots by UEFI or as a legacy BIOS. */
  bootMode: "UEFI" | "Legacy" | undefined;
  /** Targets that the BMC accepts for a boot override; `undefined` if it does not list them. */
  bootTargets: string[] | undefined;
}

/** The changing part of a system resource. */
export function stateOf(system: Json): SystemState {
  const boot = object(system.Boot);
  return {
    power: text(system.PowerState) as PowerState | undefined,
    assetTag: text(system.AssetTag),
    bootOverride: {
      enabled: (text(boot.BootSourceOverrideEnabled) ?? "Disabled") as BootOverride["enabled"],
      target: text(boot.BootSourceOverrideTarget) ?? "None",
      uri: text(boot.HttpBootUri),
    },
    powerRestorePolicy: text(system.PowerRestorePolicy),
  };
}

/** Reads all facts. Parts that a BMC does not have stay empty. */
export async function readFacts(client: BmcClient, system: Json): Promise<SystemFacts> {
  const [nics, drives] = await Promise.all([readNics(client, system), readDrives(client, system)]);
  const processors = object(system.ProcessorSummary);
  return {
    ...stateOf(system),
    health: text(object(system.Status).Health),
    uuid: text(system.UUID),
    serial: text(system.SerialNumber),
    manufacturer: text(system.Manufacturer),
    model: text(system.Model),
    biosVersion: text(system.BiosVersion),
    processors: {
      count: number(processors.Count),
      cores: number(processors.CoreCount),
      threads: number(processors.LogicalProcessorCount),
    },
    memoryGiB: number(object(system.MemorySummary).TotalSystemMemoryGiB),
    nics,
    drives,
    bootMode: bootModeOf(text(object(system.Boot).BootSourceOverrideMode)),
    bootTargets: texts(object(system.Boot)["BootSourceOverrideTarget@Redfish.AllowableValues"]),
  };
}

function bootModeOf(mode: string | undefined): SystemFacts["bootMode"] {
  return mode === "UEFI" || mode === "Legacy" ? mode : undefined;
}

async function readNics(client: BmcClient, system: Json): Promise<NicFacts[]> {
  const nics: NicFacts[] = [];
  for (const nic of await members(client, link(system.EthernetInterfaces))) {
    const mac = text(nic.PermanentMACAddress) ?? text(nic.MACAddress);
    if (!mac) continue;
    const status = text(nic.LinkStatus);
    nics.push({
      name: text(nic.Id) ?? text(nic.Name) ?? mac,
      mac: mac.toLowerCase(),
      linkUp: status === undefined ? undefined : status === "LinkUp",
      speedMbps: number(nic.SpeedMbps),
    });
  }
  return nics;
}

async function readDrives(client: BmcClient, system: Json): Promise<DriveFacts[]> {
  const drives: DriveFacts[] = [];
  for (const controller of await members(client, link(system.Storage))) {
    for (const reference of list(controller.Drives)) {
      const path = link(reference);
      const drive = path === undefined ? undefined : (await client.get(path))?.body;
      // A bay whose drive was pulled or died keeps its resource, and may keep the serial number of what was there.
      if (!drive || object(drive.Status).State === "Absent") continue;
      drives.push({
        name: text(drive.Name) ?? text(drive.Id) ?? path!,
        serial: text(drive.SerialNumber),
        model: text(drive.Model),
        bytes: number(drive.CapacityBytes),
        health: text(object(drive.Status).Health),
      });
    }
  }
  return drives;
}

/** The members of a collection, each read. */
export async function members(client: BmcClient, path: string | undefined): Promise<Json[]> {
  const found: Json[] = [];
  for (let next = path, pages = 0; next !== undefined && pages < 50; pages++) {
    const page = (await client.get(next))?.body;
    for (const member of list(page?.Members)) {
      const at = link(member);
      const body = at === undefined ? undefined : (await client.get(at))?.body;
      if (body) found.push(body);
    }
    next = text(page?.["Members@odata.nextLink"]);
  }
  return found;
}

/** The path in a reference. */
export function link(reference: unknown): string | undefined {
  return text(object(reference)["@odata.id"]);
}

/** A value as an object; an empty one if it is none. */
export function object(value: unknown): Json {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Json) : {};
}

/** A value as a list of texts. */
export function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
