import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from "../../formats";
import { propertyPath } from "../../problem";
import { at, duplicates, type Rule } from "../rule";

const LABEL_RULE =
  'use lower-case letters, digits and "-", at most 63 characters, starting and ending with a letter or digit';

/**
 * Prefixes and keys below `kubernetes.io` and `k8s.io` that a kubelet may set on its own node.
 * With any other, the kubelet does not start [kubernetes staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go].
 */
const KUBELET_LABEL_PREFIXES = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const KUBELET_LABELS = [
  "topology.kubernetes.io/region",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "kubernetes.io/hostname",
];

/** The rules over names: what becomes a Kubernetes name, a zone or a label has to be one. */
export const nameRules: readonly Rule[] = [
  {
    id: "cluster-name",
    about: "The cluster's name is an RFC 1123 label.",
    *judge({ cluster: { name } }) {
      if (name !== undefined && !isDnsLabel(name))
        yield at("name", `"${name}" is no RFC 1123 label: ${LABEL_RULE}.`);
    },
  },
  {
    id: "node-key",
    about: "Node keys are RFC 1123 labels.",
    *judge({ nodes }) {
      for (const { key, path } of nodes) {
        if (!isDnsLabel(key)) yield at(path, `the key "${key}" is no RFC 1123 label: ${LABEL_RULE}.`);
      }
    },
  },
  {
    id: "hostname",
    about: "Hostnames are RFC 1123 subdomains of at most 63 characters.",
    source:
      "harvester-installer pkg/console/validator.go (IsDNS1123Subdomain); kubernetes.io/hostname is a label value",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const hostname = node.hostname;
        if (hostname === undefined) continue;
        if (!isDnsSubdomain(hostname) || hostname.length > 63) {
          yield at(
            `${path}.hostname`,
            `"${hostname}" cannot become the name of a Kubernetes node: use lower-case letters, digits, "-" and ".", ` +
              "at most 63 characters.",
          );
        }
      }
    },
  },
  {
    id: "hostname-unique",
    about: "No two nodes have one hostname.",
    source:
      "the hostname becomes the Kubernetes node name (rancherd nodeName): a second node would take over the first",
    *judge({ nodes, absent }) {
      const names = nodes.flatMap(({ key, path, node }) => {
        const value = node.hostname ?? (absent(`${path}.hostname`) ? key : undefined);
        const property = node.hostname === undefined ? path : `${path}.hostname`;
        return value === undefined ? [] : [{ property, value }];
      });
      yield* duplicates(
        names,
        (name, first) =>
          `the hostname "${name}" is taken by ${first}; node names must be unique. Give it another one.`,
      );
    },
  },
  {
    id: "zone",
    about: "Zones are values of Kubernetes labels.",
    source: "topology.kubernetes.io/zone",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        if (node.zone !== undefined && (node.zone === "" || !isLabelValue(node.zone))) {
          yield at(
            `${path}.zone`,
            `"${node.zone}" is no label value: use letters, digits, "-", "_" and ".", at most 63.`,
          );
        }
      }
    },
  },
  {
    id: "node-labels",
    about: "Labels are ones that a kubelet may set, and none that this program or Harvester sets.",
    source:
      "harvester-installer GetKubeletArgs; kubelet --node-labels refuses unknown kubernetes.io and k8s.io labels",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        for (const [key, value] of Object.entries(node.labels ?? {})) {
          const why = labelProblem(key, value);
          if (why !== undefined) yield at(propertyPath(`${path}.labels`, key), why);
        }
      }
    },
  },
];

function labelProblem(key: string, value: string | undefined): string | undefined {
  if (!isLabelKey(key)) return `"${key}" is no label key: the installation would stop. Write [prefix/]name.`;
  if (value !== undefined && !isLabelValue(value)) {
    return `"${value}" is no label value: the installation would stop. Use letters, digits, "-", "_" and ".", at most 63.`;
  }
  if (key === "topology.kubernetes.io/zone") return "set the node's `zone` instead: it becomes this label.";
  const prefix = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  const within = (domain: string) => prefix === domain || prefix.endsWith(`.${domain}`);
  if (within("harvesterhci.io"))
    return "Harvester's own labels are set by Harvester: use `role`, or another prefix.";
  const allowed = KUBELET_LABELS.includes(key) || KUBELET_LABEL_PREFIXES.some(within);
  if ((within("kubernetes.io") || within("k8s.io")) && !allowed) {
    return "a kubelet may not set this label on its own node and would not start. Use a prefix of your own.";
  }
  return undefined;
}
