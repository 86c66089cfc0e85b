import { durationOf } from "../../duration";
import { canonicalSerial } from "../../hardware";
import { propertyPath } from "../../problem";
import { at, type Rule } from "../rule";

/** The rules over how nodes leave. */
export const leaveRules: readonly Rule[] = [
  {
    id: "leave-timeout",
    about: "The longest time of a change of members is a duration.",
    source: "the engine reads it by Go's time.ParseDuration",
    *judge({ cluster: { leave } }) {
      const timeout = leave?.timeout;
      if (timeout === undefined || durationOf(timeout) !== undefined) return;
      yield at(
        "leave.timeout",
        `"${timeout}" is no duration: write hours, minutes and seconds, such as "45m" or "1h30m".`,
      );
    },
  },
  {
    id: "attestation-named",
    about: "An attestation says who gives it and why, once for each machine.",
    source: "our own: it stands in for what a BMC would say, and is recorded",
    *judge({ cluster: { attestations = [] } }) {
      for (const [index, attestation] of attestations.entries()) {
        const path = propertyPath("attestations", index);
        for (const [name, text] of Object.entries(attestation ?? {})) {
          if (typeof text === "string" && text.trim() === "")
            yield at(
              propertyPath(path, name),
              "is empty: an attestation names its machine, who gives it, and why.",
            );
        }
        const first = attestations.findIndex((other) => isSameHost(other?.serial, attestation?.serial));
        if (first >= 0 && first < index)
          yield at(
            propertyPath(path, "serial"),
            `is that of ${propertyPath("attestations", first)}, too: keep one.`,
          );
      }
    },
  },
];

function isSameHost(left: unknown, right: unknown): boolean {
  return (
    typeof left === "string" && typeof right === "string" && canonicalSerial(left) === canonicalSerial(right)
  );
}
