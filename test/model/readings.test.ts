import assert from "node:assert/strict";
import { commandLineConfig } from "../../lab/machine/cmdline";
import { mergeConfig, normalise, readConfig } from "../../lab/machine/config";
import { installConfigurationText, kernelCommandLine, renderInstallConfiguration } from "../../model/install";
import { RELEASES } from "../../model/versions";
import { validDescription } from "./description";

/** The model and the virtual data centre were written from Harvester's sources independently; here each is held against the other. */
describe("a rendered configuration, read by the virtual installer", () => {
  for (const mode of ["create", "join"] as const) {
    it(`arrives whole and unchanged at every version, to ${mode}`, () => {
      for (const { version } of RELEASES) {
        const cluster = { ...validDescription(), version, skipChecks: true };
        const token = "a-token";
        const rendered = renderInstallConfiguration({
          cluster,
          node: "n1",
          mode,
          token,
          events: "http://10.0.0.5/e",
        });
        const fetched = readConfig(installConfigurationText(rendered), version);
        const boot = kernelCommandLine({ cluster, configUrl: "http://10.0.0.5/config.yaml" });
        const merged = mergeConfig(normalise(commandLineConfig(boot), version), fetched);
        const { config_url, ...install } = (merged.install ?? {}) as Record<string, unknown>;
        assert.equal(config_url, "http://10.0.0.5/config.yaml", version);
        assert.deepEqual(sortKeys({ ...merged, install }), sortKeys(rendered), version);
      }
    });
  }
});

/** The same value with keys in order and in one spelling: the installer takes each key in several. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, field]) => [key.toLowerCase().replace(/_/g, ""), sortKeys(field)] as const,
  );
  return Object.fromEntries(entries.sort(([left], [right]) => left.localeCompare(right)));
}
