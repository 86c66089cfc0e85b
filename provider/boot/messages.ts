/** What the provider and its boot server, a process of its own, say to each other. */

/** Reports of Harvester's installer (webhooks.go). */
export type InstallerEvent = "STARTED" | "SUCCEEDED" | "FAILED";

/** What a booting machine may ask for below its own URL. */
export type Wanted = "script" | "configuration";

/** A route as the boot server knows it. It holds no configuration: that is asked for when a machine wants it. */
export interface RouteEntry {
  /** Secret part of the URL. */
  token: string;
  /** Where the iPXE binary comes from. */
  ipxeUrl: string;
}

/** To the boot server. */
export type ToServer =
  /** With the routes from the start: without them, a machine that is waited for would be taken for a stranger. */
  | { type: "listen"; address: string; port: number; routes: RouteEntry[] }
  | { type: "routes"; routes: RouteEntry[] }
  /** Answer to a question; without a body the machine is turned away. */
  | { type: "answer"; question: number; body?: string; undecided?: true };

/** From the boot server. */
export type FromServer =
  | { type: "listening" }
  | { type: "failed"; code: string; message: string }
  | { type: "question"; question: number; token: string; wanted: Wanted; from: string }
  | { type: "event"; question: number; token: string; event: InstallerEvent; detail: string; from: string };
