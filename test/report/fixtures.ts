/** Changes to report on, and the previews that carry them in the shapes of pulumi 3.245. */
import { quorumOf } from "../../model/quorum";
import type { Transition } from "../../model/transition";
import type { Moment, NamedDisk, Step } from "../../model/transition/step";

/** A cluster of the lab at one moment: its voters, which run API servers too, and its workers. */
export function moment(
  voters: readonly string[],
  workers: readonly string[] = [],
  healthy = voters.length,
): Moment {
  return {
    quorum: quorumOf(voters.length, healthy),
    voters,
    apiServers: voters,
    controlPlane: voters,
    nodes: [...voters, ...workers].sort(),
  };
}

/** The two disks of a machine of the lab. */
export function disksOf(node: string): NamedDisk[] {
  const number = node.slice(1).padStart(4, "0");
  return [
    { node, device: `/dev/disk/by-id/ata-LAB_SSD_480G_S4XLAB${number}A`, serial: `S4XLAB${number}A` },
    { node, device: `/dev/disk/by-id/nvme-LAB_NVME_1T_P7NLAB${number}B`, serial: `P7NLAB${number}B` },
  ];
}

/** A step with what most steps have. */
export function step(given: Pick<Step, "kind" | "about" | "after"> & Partial<Step>): Step {
  return { finality: "compensable", wiped: [], kept: [], moving: [], stopping: [], ...given };
}

const BEFORE = moment(["n1", "n2", "n3"], ["n4"]);
const REPLACED = moment(["n1", "n2", "n5"], ["n4"]);

/**
 * The lab's n3 replaced by n5: n5 joins first, n3 leaves, and n5 takes the seat that becomes free. With a moment and an unknown more than
 * the model tells of such a change, as a report has to be able to show them.
 */
export const replacement: Transition = {
  kind: "replace",
  facts: { source: "live", asOf: "2026-08-20T10:00:00Z" },
  versions: { from: "v1.6.1", to: "v1.6.1" },
  before: BEFORE,
  after: REPLACED,
  promoted: ["n5"],
  standby: [],
  steps: [
    step({
      kind: "join",
      node: "n5",
      about: "n5 will be installed and join the cluster",
      after: moment(["n1", "n2", "n3"], ["n4", "n5"]),
      wiped: disksOf("n5"),
    }),
    step({
      kind: "leave",
      node: "n3",
      about:
        "n3 (management, member of the control plane) will be emptied, leave the cluster and be switched off",
      after: moment(["n1", "n2"], ["n4", "n5"]),
      kept: disksOf("n3"),
      moving: ["default/web-1", "default/web-2"],
      stopping: ["lab/gpu-render"],
    }),
    step({
      kind: "promote",
      node: "n5",
      about: "n5 will be promoted to the control plane (etcd and an API server)",
      during: moment(["n1", "n2", "n5"], ["n4"], 2),
      after: REPLACED,
    }),
  ],
  findings: [
    {
      property: "nodes.n3",
      rule: "machines-stop",
      severity: "warning",
      message: "lab/gpu-render cannot be moved to another node, and will stop.",
      next: "Choose an hour at which that may be, or make them migratable first.",
    },
  ],
  unknown: ["Whether n5's data disk is worn: its BMC does not tell the wear of drives."],
};

/** The replacement just as the model plans it. */
export const planned: Transition = {
  ...replacement,
  steps: replacement.steps.map(({ during: _, ...rest }) => rest),
  unknown: [],
};

/** n3 taken out with nobody to follow it. */
export const refusal: Transition = {
  ...replacement,
  kind: "shrink",
  after: moment(["n1", "n2"], ["n4"]),
  promoted: [],
  steps: [],
  findings: [
    {
      property: "nodes.n3",
      rule: "voters-odd-at-rest",
      severity: "error",
      message:
        "the change would rest at 2 etcd voters (n1, n2), which survive no loss at all. Nobody is promoted to make them three: workers never are.",
      next: "Join the replacement first, and remove n3 in the next change.",
    },
  ],
  unknown: [],
};

/** The whole lab rebuilt as one node, which has to be approved. */
export const rebuild: Transition = {
  ...replacement,
  kind: "rebuild",
  after: moment(["n1"]),
  promoted: [],
  steps: [
    step({
      kind: "rebuild",
      about: "virtual machines will be backed up, and every machine of this cluster will be retired",
      after: moment([]),
      finality: "final",
      kept: ["n2", "n3", "n4"].flatMap(disksOf),
      moving: undefined,
      stopping: undefined,
    }),
    step({
      kind: "create",
      node: "n1",
      about: "n1 will be installed and create the cluster",
      after: moment(["n1"]),
      wiped: disksOf("n1"),
    }),
  ],
  findings: [],
  unknown: [],
  approval: { hash: "4f1c2a9be07d", steps: 1 },
};

/** The whole lab brought to the next version, node after node. */
export const upgrade: Transition = {
  ...replacement,
  kind: "upgrade",
  versions: { from: "v1.6.1", to: "v1.7.0" },
  after: BEFORE,
  promoted: [],
  steps: [
    step({
      kind: "upgrade",
      about: "the cluster will be upgraded from v1.6.1 to v1.7.0, one node after another",
      during: moment(["n1", "n2", "n3"], ["n4"], 2),
      after: BEFORE,
      finality: "final",
    }),
  ],
  findings: [],
  unknown: [],
};

/** A resource of a stack. */
export interface Resource {
  op?: string;
  type: string;
  name: string;
  inputs?: Record<string, unknown>;
}

/** A message of the engine or a provider. */
export interface Message {
  severity: string;
  message: string;
  /** Resource that it is about. @default the whole */
  about?: { type: string; name: string };
}

/** What a preview is made of. */
export interface Scene {
  /** The change that the Plan carries; undefined for a preview without a Plan. */
  transition?: unknown;
  resources?: readonly Resource[];
  messages?: readonly Message[];
  /** Resources that stay as they are. */
  same?: number;
  violations?: readonly { policy: string; level: "mandatory" | "advisory"; message: string }[];
  /** Whether a policy pack was given; only events tell. @default true */
  policies?: boolean;
}

const PLAN = { type: "metal:index:Plan", name: "plan" };

/** A preview as one object, as `pulumi preview --json` prints it. */
export function digest(scene: Scene): string {
  return JSON.stringify(
    {
      config: { "harvester-stack:cluster": '{"name":"lab"}' },
      steps: resourcesOf(scene).map(({ op, type, name, inputs }) => ({
        op,
        urn: urn(type, name),
        newState: { urn: urn(type, name), custom: true, type, inputs },
        detailedDiff: null,
      })),
      diagnostics: (scene.messages ?? []).map(({ severity, message, about }) => ({
        ...(about === undefined ? {} : { urn: urn(about.type, about.name) }),
        message: `${severity === "info" ? "" : `${severity}: `}${message}\n`,
        severity,
      })),
      duration: 46583601691,
      changeSummary: { create: resourcesOf(scene).length, ...(scene.same ? { same: scene.same } : {}) },
    },
    null,
    4,
  );
}

/** The same preview as one event a line, as PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true has it. */
export function events(scene: Scene): string {
  const { messages = [], violations = [], policies = true, same } = scene;
  const failed =
    violations.some(({ level }) => level === "mandatory") ||
    messages.some(({ severity }) => severity === "error");
  const kinds: Record<string, unknown>[] = [
    { policyLoadEvent: {} },
    { preludeEvent: { config: { "harvester-stack:cluster": '{"name":"lab"}' } } },
    ...resourcesOf(scene).map(({ op, type, name, inputs }) => ({
      resourcePreEvent: {
        metadata: { op, urn: urn(type, name), type, old: null, new: { type, urn: urn(type, name), inputs } },
        planning: true,
      },
    })),
    ...violations.map(({ policy, level, message }) => ({
      policyEvent: {
        resourceUrn: urn(PLAN.type, PLAN.name),
        message: `${message}\n`,
        color: "never",
        policyName: policy,
        policyPackName: "harvester-stack",
        enforcementLevel: level,
        severity: "high",
      },
    })),
    ...messages.map(({ severity, message, about }) => ({
      diagnosticEvent: {
        ...(about === undefined ? {} : { urn: urn(about.type, about.name) }),
        prefix: severity === "info" ? "" : `${severity}: `,
        message: `${message}\n`,
        color: "never",
        severity,
      },
    })),
    ...(failed
      ? [
          {
            diagnosticEvent: {
              prefix: "error: ",
              message: "preview failed\n",
              color: "never",
              severity: "error",
            },
          },
        ]
      : []),
    {
      summaryEvent: {
        maybeCorrupt: false,
        durationSeconds: 45,
        resourceChanges: { create: resourcesOf(scene).length, ...(same ? { same } : {}) },
        PolicyPacks: policies ? { "harvester-stack|local|policies": "0.1.0" } : {},
        isPreview: true,
        result: failed ? "failed" : "succeeded",
      },
    },
    { cancelEvent: {} },
  ];
  return kinds
    .map((event, sequence) => JSON.stringify({ sequence, timestamp: 1_795_271_570, ...event }))
    .join("\n");
}

/** The preview of the replacement, as a reviewer of the lab would have it. */
export const replacementPreview: Scene = {
  transition: planned,
  resources: [
    { op: "create", type: "harvester:index:HarvesterNode", name: "n5" },
    { op: "create", type: "metal:index:Machine", name: "n5", inputs: {} },
    { op: "delete", type: "harvester:index:HarvesterNode", name: "n3" },
    { op: "delete", type: "metal:index:Machine", name: "n3", inputs: {} },
    { op: "update", type: "metal:index:Membership", name: "membership", inputs: {} },
  ],
  same: 9,
};

function resourcesOf({ transition, resources = [] }: Scene): (Resource & { op: string })[] {
  const plan: Resource = { op: "update", ...PLAN, inputs: { cluster: { name: "lab" }, transition } };
  const all = [...(transition === undefined ? [] : [plan]), ...resources];
  return all.map((resource) => ({ ...resource, op: resource.op ?? "create" }));
}

function urn(type: string, name: string): string {
  return `urn:pulumi:lab::harvester-stack::harvester:index:HarvesterCluster$${type}::${name}`;
}
