import { didYouMean } from "../../nearest";
import { propertyPath } from "../../problem";
import { transitionRules } from "../../transition/rules";
import { at, duplicates, type Facts, type Rule } from "../rule";

/** Rules over changes that refuse something: what an override can be about. */
const REFUSING = transitionRules.filter(({ severity }) => severity === "error");

/** What is refused under a name of its own, and has another way on than an override. */
const OTHER_WAY: Readonly<Record<string, string>> = {
  approval: "set approve to what the preview prints",
  "allow-destroy": "set allowDestroy: true",
  "leave-over-ssh": "give access.sshPrivateKey",
};

/** The rules over overrides. That one fits nothing in a change is told when the change is judged. */
export const overrideRules: readonly Rule[] = [
  {
    id: "override-known",
    about: "An override names a rule that refuses changes.",
    source: "our own: an override that names nothing is taken for one that is in force",
    *judge(facts) {
      for (const { path, rule } of overridesOf(facts)) {
        if (rule === undefined || REFUSING.some(({ id }) => id === rule)) continue;
        const warns = transitionRules.some(({ id }) => id === rule);
        yield at(
          propertyPath(path, "rule"),
          warns
            ? `${rule} only warns and refuses nothing: take the override out.`
            : `"${rule}" is no rule over changes.${wayOn(rule)}`,
        );
      }
    },
  },
  {
    id: "override-allowed",
    about: "Rules about which machine and which cluster is which are not overridden.",
    source: "our own: the resources below refuse the same by themselves",
    *judge(facts) {
      for (const { path, rule } of overridesOf(facts)) {
        const binding = REFUSING.find(({ id }) => id === rule)?.binding;
        if (binding === undefined) continue;
        yield at(
          propertyPath(path, "rule"),
          `${rule} cannot be overridden: ${binding}. Take the override out, and do what the rule's message says.`,
        );
      }
    },
  },
  {
    id: "override-reason",
    about: "An override says why.",
    source: "our own: it is recorded and shown to whoever reviews the change",
    *judge(facts) {
      for (const { path, reason } of overridesOf(facts)) {
        if (reason === undefined || reason.trim() !== "") continue;
        yield at(
          propertyPath(path, "reason"),
          "is empty: say why the rule does not hold here, for whoever reviews the change.",
        );
      }
    },
  },
  {
    id: "override-once",
    about: "A rule is overridden once, for one reason.",
    *judge(facts) {
      const named = overridesOf(facts).flatMap(({ path, rule }) =>
        rule === undefined ? [] : [{ property: propertyPath(path, "rule"), value: rule }],
      );
      yield* duplicates(named, (rule, first) => `${rule} is overridden by ${first} already: keep one.`);
    },
  },
];

function overridesOf({ cluster: { overrides = [] } }: Facts) {
  return overrides.map((override, index) => ({ ...override, path: propertyPath("overrides", index) }));
}

function wayOn(rule: string): string {
  const other = Object.hasOwn(OTHER_WAY, rule) ? OTHER_WAY[rule] : undefined;
  if (other !== undefined) return ` To go on there, ${other}.`;
  const ids = REFUSING.filter(({ binding }) => binding === undefined).map(({ id }) => id);
  return (
    didYouMean(rule, ids) ||
    " Messages end with the id of their rule. A rule over the description itself is not overridden: mend what it names."
  );
}
