/** Tools that only tests run: obtained as the others are, and left in the cache that all clones share. */
import { join } from "node:path";
import { Cache, cacheRoot } from "./cache";
import { obtain } from "./obtain";
import type { Pin } from "./pins";
import { progressOn } from "./progress";

/** The path of a tool's command, which has the tool's name. With the tool there, it takes milliseconds. */
export async function obtainTestTool(pin: Pin): Promise<string> {
  const { binaries } = await obtain(pin, {
    cache: new Cache(join(cacheRoot(), "toolchain")),
    progress: progressOn(),
    path: process.env.PATH ?? "",
    passOver: [],
  });
  const path = binaries[pin.name];
  if (path === undefined) throw new Error(`${pin.name} has no command of its own name`);
  return path;
}
