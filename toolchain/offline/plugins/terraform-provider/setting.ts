/**
 * Harvester's settings. They exist as long as Harvester does: never created, never deleted, only set and reset. Follows
 * harvester/terraform-provider-harvester: internal/provider/setting/resource_setting.go, internal/util/constructor.go (Tags,
 * Labels, Description), pkg/importer/resource_setting_importer.go. Left out: that storage-network and containerd-registry
 * are compared by meaning and not by letter.
 */
import type { KubernetesApi, KubernetesObject } from "../cluster/api";
import { ApiError } from "../cluster/api";
import { isObject } from "../shell/plugin";
import type { Value, Values } from "../shell/values";

const TAG_PREFIX = "tag.harvesterhci.io/";
const SYSTEM_PREFIX = "harvesterhci.io/";
const DESCRIPTION = "field.cattle.io/description";

/** A setting as the Terraform provider sees it. */
export interface Setting {
  name: string;
  /** Empty: Harvester's default. */
  value: string;
  description: string;
  labels: Record<string, string>;
  tags: Record<string, string>;
}

/** Reads and sets the settings of one cluster. */
export class SettingClient {
  constructor(private readonly api: KubernetesApi) {}

  /** The setting, or undefined where there is none of that name (ResourceSettingStateGetter). */
  async get(name: string, signal: AbortSignal): Promise<(Setting & { state: string }) | undefined> {
    const object = await this.#find(name, signal);
    return object && settingOf(object);
  }

  /** Sets a setting that exists (resourceSettingCreate, resourceSettingUpdate). */
  async update(wanted: Setting, signal: AbortSignal): Promise<Setting & { state: string }> {
    const object = await this.#find(wanted.name, signal);
    if (!object) {
      throw new ApiError(
        404,
        "NotFound",
        `settings.harvesterhci.io ${JSON.stringify(wanted.name)} not found`,
      );
    }
    const system = Object.entries(stringsOf(object.metadata.labels)).filter(([key]) =>
      key.startsWith(SYSTEM_PREFIX),
    );
    const labels = Object.fromEntries([
      ...system,
      ...Object.entries(wanted.labels).filter(([key]) => !isReserved(key)),
      ...Object.entries(wanted.tags).map(([key, value]) => [TAG_PREFIX + key, value]),
    ]);
    const annotations = stringsOf(object.metadata.annotations);
    // As upstream: a description that is taken away stays.
    if (wanted.description) annotations[DESCRIPTION] = wanted.description;
    const changed = {
      ...object,
      metadata: { ...object.metadata, labels, annotations },
      value: wanted.value,
    };
    return settingOf(await this.#replace(changed, signal));
  }

  /** Gives the setting back to Harvester's default; one that is gone needs no reset (resourceSettingDelete). */
  async reset(name: string, signal: AbortSignal): Promise<void> {
    const object = await this.#find(name, signal);
    if (object) await this.#replace({ ...object, value: "" }, signal);
  }

  #find(name: string, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    return this.api.get({ apiVersion: "harvesterhci.io/v1beta1", kind: "Setting", name }, signal);
  }

  async #replace(object: KubernetesObject, signal: AbortSignal): Promise<KubernetesObject> {
    const path = `/apis/harvesterhci.io/v1beta1/settings/${object.metadata.name}`;
    return (await this.api.request("PUT", path, { body: object, signal })) as KubernetesObject;
  }
}

function settingOf(object: KubernetesObject): Setting & { state: string } {
  const labels = Object.entries(stringsOf(object.metadata.labels));
  const tags = labels.filter(([key]) => key.startsWith(TAG_PREFIX));
  return {
    name: String(object.metadata.name),
    value: typeof object.value === "string" ? object.value : "",
    description: stringsOf(object.metadata.annotations)[DESCRIPTION] ?? "",
    labels: Object.fromEntries(labels.filter(([key]) => !isReserved(key))),
    tags: Object.fromEntries(tags.map(([key, value]) => [key.slice(TAG_PREFIX.length), value])),
    state: isConfigured(object) ? "Configured" : "",
  };
}

function isConfigured(object: Values): boolean {
  const conditions = isObject(object.status) ? object.status.conditions : undefined;
  if (!Array.isArray(conditions)) return false;
  return conditions.some((c) => isObject(c) && c.type === "configured" && c.status === "True");
}

function isReserved(label: string): boolean {
  return label.startsWith(TAG_PREFIX) || label.startsWith(SYSTEM_PREFIX);
}

function stringsOf(values: Value | undefined): Record<string, string> {
  if (!isObject(values)) return {};
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}
