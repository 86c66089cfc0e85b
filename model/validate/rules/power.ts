import { at, type Rule } from "../rule";

/** The rules over machines that are kept off. */
export const powerRules: readonly Rule[] = [
  {
    id: "power-off-in-maintenance",
    about: "Only a node in maintenance is switched off: it was drained before.",
    source: "our own: a machine that is switched off takes its virtual machines and its vote along",
    *judge({ nodes, given }) {
      for (const { path, node } of nodes) {
        if (node.power !== "off" || node.maintenance === true) continue;
        // A value that is not known yet is judged when it is.
        if (node.maintenance === undefined && given(`${path}.maintenance`)) continue;
        yield at(
          `${path}.power`,
          'is "off" for a node that is in use: its virtual machines would stop with it. Add maintenance: true, which drains it first.',
        );
      }
    },
  },
];
