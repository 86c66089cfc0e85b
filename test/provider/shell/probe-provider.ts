/** A provider with one resource, `metal:index:Probe`, that does what its input `behaviour` says. Run as a process by the tests. */
import { differences } from "../../../provider/shell/diff";
import {
  containsUnknown,
  InitialisationFailed,
  type OperationContext,
  type Properties,
  type Resource,
  UNKNOWN,
  UserError,
} from "../../../provider/shell/resource";
import { FactKind } from "../../../provider/shell/run";
import { serve } from "../../../provider/shell/serve";
import { atShutdown } from "../../../provider/shell/shutdown";

const checks = new FactKind<number>("checks");

async function act(ctx: OperationContext, inputs: Properties): Promise<Properties> {
  const behaviour = inputs.behaviour ?? "work";
  if (ctx.preview) return { ...inputs, made: UNKNOWN };
  ctx.status(`acting with ${inputs.password}`);
  switch (behaviour) {
    case "fail":
      throw new UserError(`password: ${inputs.password} was refused by the BMC.`);
    case "bug":
      return (undefined as unknown as { gone: () => Properties }).gone();
    case "partial":
      throw new InitialisationFailed("probe-1", { ...inputs, made: "half" }, [
        `stopped with ${inputs.password}`,
      ]);
    case "hang":
      ctx.info("hanging");
      return await new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason), { once: true });
      });
    case "resume-later":
      ctx.info("hanging");
      return await new Promise((_, reject) => {
        ctx.signal.addEventListener(
          "abort",
          () =>
            reject(
              new InitialisationFailed("probe-1", { made: "begun" }, [String(ctx.signal.reason.message)]),
            ),
          { once: true },
        );
      });
    default:
      return {
        ...inputs,
        made: "whole",
        echo: `the password is ${inputs.password}`,
        token: "generated-token",
      };
  }
}

const probe: Resource = {
  token: "metal:index:Probe",
  secretOutputs: ["token"],
  async check(ctx, { olds, news }) {
    const seen = (ctx.facts.get(checks, ctx.urn) ?? 0) + 1;
    ctx.facts.record(checks, ctx.urn, seen);
    return {
      inputs: { size: 1, ...news },
      failures:
        news.size === 13
          ? [
              {
                property: "size",
                reason: `13 is unlucky; olds ${olds ? "given" : "absent"}; ${news.password}`,
              },
            ]
          : [],
    };
  },
  async diff(_ctx, { oldInputs, news }) {
    return { changes: differences(oldInputs, news) };
  },
  async create(ctx, inputs) {
    return {
      id: ctx.preview || containsUnknown(inputs.size) ? "" : "probe-1",
      outputs: await act(ctx, inputs),
    };
  },
  async read(_ctx, { id, inputs, outputs }) {
    if (id === "gone") return undefined;
    return { id, inputs: inputs ?? { imported: true }, outputs: outputs ?? { imported: true } };
  },
  async update(ctx, { news }) {
    return { outputs: await act(ctx, news) };
  },
  async delete(_ctx, { oldInputs }) {
    if (oldInputs.behaviour === "keep") throw new UserError("behaviour: this probe stays.");
  },
};

atShutdown("marker", async () => {
  const { PROBE_MARKER } = process.env;
  if (PROBE_MARKER) (await import("node:fs")).writeFileSync(PROBE_MARKER, "closed");
});
void serve({ resources: [probe], version: "1.2.3", argv: process.argv.slice(2) });
