import { durationOf } from "../../duration";
import { didYouMean } from "../../nearest";
import { propertyPath } from "../../problem";
import { JSON_SETTINGS, settingSince, settingsOf } from "../../settings";
import { at, type Rule } from "../rule";

/** The rules over Harvester settings and over the time that an installation may take. */
export const settingRules: readonly Rule[] = [
  {
    id: "install-timeout",
    about: "The longest time of an installation is a duration.",
    source: "the engine reads it by Go's time.ParseDuration",
    *judge({ cluster: { installTimeout } }) {
      if (installTimeout === undefined || durationOf(installTimeout) !== undefined) return;
      yield at(
        "installTimeout",
        `"${installTimeout}" is no duration: write hours, minutes and seconds, such as "45m" or "1h30m".`,
      );
    },
  },
  {
    id: "setting-known",
    about: "Settings are ones that the installer of this version accepts.",
    source:
      "harvester-installer pkg/console/validator.go checkSystemSettings: it stops silently at any other",
    *judge({ cluster, version }) {
      if (version === undefined) return;
      const accepted = settingsOf(version);
      for (const name of Object.keys(cluster.systemSettings ?? {})) {
        if (accepted.includes(name)) continue;
        const since = settingSince(name);
        yield at(
          propertyPath("systemSettings", name),
          since === undefined
            ? `"${name}" is no setting that the installer accepts; it would stop without a word.${didYouMean(name, accepted)}`
            : `the installer accepts "${name}" from ${since} on, and ${version} would stop without a word. Set it once the cluster runs.`,
        );
      }
    },
  },
  {
    id: "setting-json",
    about: "Settings that are JSON objects are well-formed.",
    source: "harvester pkg/settings; the installer itself decodes only containerd-registry",
    *judge({ cluster }) {
      for (const [name, value] of Object.entries(cluster.systemSettings ?? {})) {
        // The value stays out of the message: some of these hold keys and passwords.
        if (value !== undefined && value !== "" && JSON_SETTINGS.includes(name) && !isJsonObject(value)) {
          yield at(
            propertyPath("systemSettings", name),
            `is no JSON object in a string, e.g. '{"key": "value"}'.`,
          );
        }
      }
    },
  },
  {
    id: "setting-ntp-twice",
    about: "NTP servers are given in one place.",
    source: "os.ntp_servers is copied into the setting ntp-servers [harvester-installer pkg/console/util.go]",
    *judge({ given }) {
      if (given("os.ntpServers") && given("systemSettings.ntp-servers")) {
        yield at(
          "systemSettings.ntp-servers",
          "is filled from os.ntpServers by the installer: keep one of the two.",
        );
      }
    },
  },
  {
    id: "setting-formats-disks",
    about: "No setting formats disks that were not named.",
    source: "auto-disk-provision-paths formats every disk that matches, on every node [docs settings]",
    *judge({ cluster }) {
      const name = "auto-disk-provision-paths";
      if ((cluster.systemSettings?.[name] ?? "") !== "") {
        yield at(
          propertyPath("systemSettings", name),
          "formats every disk on every node that its patterns match, now and later, and nobody has reviewed which. Name disks " +
            "in `disks.data`, or add them to Longhorn once the cluster runs.",
        );
      }
    },
  },
];

function isJsonObject(value: string): boolean {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}
