/** Where an installation is interrupted, and what is killed there. */
import { bootServerOf, providerOf } from "../e2e/processes";
import type { World } from "../e2e/world";

/** A place: calls back once, at the very instant the installation gets there. */
export type Place = (world: World, reached: () => void) => void;

export const PLACES = {
  "the hardware is marked": onLedger(
    ({ event, assetTag }) => event === "asset-tag" && /:armed$/.test(`${assetTag}`),
  ),
  "the machine is powered on": onLedger(({ event }) => event === "power-on"),
  "the installer's kernel runs": (world, reached) => {
    const stop = world.onConsole((line) => {
      if (!line.startsWith("Harvester installer ")) return;
      stop();
      reached();
    });
  },
  "the configuration was handed out": onLedger(({ event }) => event === "install-started"),
  "the disk is written": onLedger(
    ({ event, assetTag }) => event === "asset-tag" && /:done$/.test(`${assetTag}`),
  ),
  "the cluster has formed": onLedger(({ event }) => event === "cluster-formed"),
} satisfies Record<string, Place>;

/** A victim: finds its process below that of the engine. */
export type Victim = (engine: number) => number | undefined;

export const VICTIMS = {
  engine: (engine) => engine,
  provider: (engine) => providerOf(engine)?.pid,
  "boot server": (engine) => bootServerOf(engine)?.pid,
} satisfies Record<string, Victim>;

type Entry = Parameters<Parameters<World["onLedger"]>[0]>[0];

function onLedger(matches: (entry: Entry) => boolean): Place {
  return (world, reached) => {
    const stop = world.onLedger((entry) => {
      if (!matches(entry)) return;
      stop();
      reached();
    });
  };
}
