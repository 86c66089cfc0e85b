/**
 * The last line of defence: a report shows a few chosen things, none of which is a secret; should a message of somebody else repeat a
 * value that stands at a secret place of the same preview, it is taken out.
 */
import { isSecretPath } from "../model/secrets";
import { isRecord } from "./json";

/** What stands in place of a secret, as in pulumi's own output. */
const CONCEALED = "[secret]";

/** Values shorter than this turn up in other words by chance. */
const SHORTEST_TELLING = 8;

/** Marks an object as a secret in pulumi's JSON. Source: pulumi sdk/go/common/resource/sig/sig.go */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Every value of a preview that is a secret by its place or its mark, the longest first; of keys with many lines each line as well. */
export function secretsIn(value: unknown): string[] {
  const found = new Set(
    [...textsAtSecretPlaces(value, [], false)].flatMap((text) => [text, ...text.split("\n")]),
  );
  return [...found]
    .filter((text) => text.trim().length >= SHORTEST_TELLING && text !== CONCEALED)
    .sort((a, b) => b.length - a.length);
}

/** A text with every secret taken out of it. */
export function concealed(text: string, secrets: readonly string[]): string {
  return secrets.reduce((said, secret) => said.replaceAll(secret, CONCEALED), text);
}

function* textsAtSecretPlaces(value: unknown, path: readonly string[], secret: boolean): Generator<string> {
  if (typeof value === "string") {
    if (secret || isSecretPath(path)) yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* textsAtSecretPlaces(item, path, secret);
  } else if (isRecord(value)) {
    const marked = secret || value[SIGNATURE] === SECRET;
    for (const [key, item] of Object.entries(value)) {
      if (key !== SIGNATURE)
        yield* textsAtSecretPlaces(item, [...path, key], marked || isSecretPath([...path, key]));
    }
  }
}
