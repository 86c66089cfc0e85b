/** The plugin as the package `harvester`: its parameters, its provider arguments, its resources. */
import { KubernetesApi } from "../cluster/api";
import { findKubeconfig, type KubeconfigText, readKubeconfig } from "../cluster/kubeconfig";
import { difference, replacing } from "../shell/difference";
import type { Plugin } from "../shell/plugin";
import {
  hasUnknown,
  isUnknown,
  reveal,
  secretsLike,
  UNKNOWN,
  type Value,
  type Values,
} from "../shell/values";
import { name, version } from "./plugin.json";
import schema from "./schema.json";
import { type Setting, SettingClient } from "./setting";

const REMOTE = "registry.opentofu.org/harvester/harvester";
const TYPE = "harvester:index/setting:Setting";
const INPUTS = ["description", "labels", "name", "tags", "value"] as const;

/** The plugin. */
export function terraformProviderPlugin(): Plugin {
  let connect = (): Promise<SettingClient> => Promise.reject(new Error("the provider is not configured"));

  return {
    name,
    version,

    // dynamic/parameterize/value.go: what the SDK carries in its package.json.
    parameterize(value) {
      const { remote } = JSON.parse(value) as { remote?: { url?: string; version?: string } };
      if (remote?.url !== REMOTE || !remote.version) {
        throw new Error(
          `The stand-in of the terraform-provider plugin knows the provider ${REMOTE} only, not ${remote?.url ?? "a local one"}.`,
        );
      }
      if (remote.version !== schema.version) {
        throw new Error(
          `The stand-in of the terraform-provider plugin follows harvester/harvester ${schema.version}, not ${remote.version}.`,
        );
      }
      return { name: "harvester", version: remote.version };
    },

    // internal/provider/provider.go providerConfig, pkg/client/client.go NewClient of harvester/terraform-provider-harvester:
    // the cluster is not contacted before it is needed.
    configure(config) {
      const { kubeconfig, kubecontext, bootstrap } = reveal(config);
      if (bootstrap === true || bootstrap === "true") {
        throw new Error("The stand-in of the terraform-provider plugin has no bootstrap.");
      }
      let client: Promise<SettingClient> | undefined;
      connect = () => {
        client ??= readAccess(text(kubeconfig), text(kubecontext)).then(
          (access) =>
            new SettingClient(
              new KubernetesApi(access, `terraform-provider-harvester/${schema.version} (stand-in)`),
            ),
        );
        return client;
      };
    },

    check({ type, news, olds }) {
      if (type !== TYPE) {
        throw new Error(`The stand-in of the terraform-provider plugin has no ${type}, only ${TYPE}.`);
      }
      const failures = Object.keys(news)
        .filter((property) => !(INPUTS as readonly string[]).includes(property))
        .map((property) => ({ property, reason: "An argument of this name is not expected" }));
      const inputs = { ...news };
      // The bridge would make a name up; no setting has such a name, so creating it could only fail.
      const settingName = reveal(inputs.name ?? olds.name ?? null);
      if (settingName === null || settingName === "") {
        failures.push({ property: "name", reason: "missing: the name of an existing setting" });
      } else if (!isUnknown(settingName) && !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(String(settingName))) {
        failures.push({ property: "name", reason: 'expected "name" to be an valid DNS1123 subdomain' });
      }
      inputs.name ??= settingName;
      inputs.value ??= "";
      return { inputs, failures };
    },

    // Terraform compares with the last known state, so that drift found by a refresh is put right.
    diff({ olds, news }) {
      const state = reveal(olds);
      const wanted = reveal(news);
      const compared = (from: Values): Values => ({
        name: from.name ?? "",
        value: from.value ?? "",
        description: from.description || null,
        labels: from.labels ?? {},
        tags: from.tags ?? {},
      });
      return { changes: replacing(difference(compared(state), compared(wanted)), ["name"]) };
    },

    async create({ inputs, preview, signal }) {
      if (preview) return { id: "", properties: { ...inputs, state: UNKNOWN, message: UNKNOWN } };
      const setting = readSetting(reveal(inputs));
      const live = await (await connect()).update(setting, signal);
      return { id: setting.name, properties: outputs(live, inputs) };
    },

    async read({ id, inputs, signal }) {
      const live = await (await connect()).get(id, signal);
      if (live === undefined) return undefined;
      const { state: _, ...all } = live;
      const known = Object.entries(all).filter(
        ([property, value]) => property in inputs || (Object.keys(inputs).length === 0 && !isEmpty(value)),
      );
      return {
        id,
        properties: outputs(live, inputs),
        inputs: secretsLike(Object.fromEntries(known), inputs),
      };
    },

    async update({ news, preview, signal, olds }) {
      if (preview) return { ...news, state: olds.state ?? null, message: olds.message ?? null };
      const live = await (await connect()).update(readSetting(reveal(news)), signal);
      return outputs(live, news);
    },

    async delete({ id, signal }) {
      await (await connect()).reset(id, signal);
    },
  };
}

async function readAccess(kubeconfig: string | undefined, context: string | undefined) {
  try {
    // With contents the context is the current one: clientcmd.RESTConfigFromKubeConfig.
    const contents = decode(kubeconfig);
    if (contents) return await readKubeconfig(contents);
    const found = findKubeconfig(kubeconfig);
    if (found.text === kubeconfig) throw new Error("there is no file of that name");
    return await readKubeconfig(found, { context });
  } catch (error) {
    throw new Error(
      `kubeconfig: ${error instanceof Error ? error.message : error}. It must be the path of a kubeconfig, or its contents in base64.`,
    );
  }
}

/** Contents in base64, or undefined where the argument is none. */
function decode(argument: string | undefined): KubeconfigText | undefined {
  if (!argument || argument.length % 4 !== 0 || !/^[A-Za-z0-9+/\r\n]+=*\s*$/.test(argument)) return undefined;
  return { text: Buffer.from(argument, "base64").toString(), folder: process.cwd() };
}

function readSetting(inputs: Values): Setting {
  if (hasUnknown(inputs)) throw new Error("some arguments are not known yet");
  return {
    name: String(inputs.name),
    value: String(inputs.value ?? ""),
    description: text(inputs.description) ?? "",
    labels: (inputs.labels ?? {}) as Record<string, string>,
    tags: (inputs.tags ?? {}) as Record<string, string>,
  };
}

function outputs(live: Setting & { state: string }, inputs: Values): Values {
  return secretsLike({ ...live, message: "" }, inputs);
}

function isEmpty(value: unknown): boolean {
  return value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
