import type { Role } from "../../description";
import { isDnsSubdomain, parseUrl } from "../../formats";
import {
  compareVersions,
  NEWEST_KNOWN_VERSION,
  OLDEST_SUPPORTED_VERSION,
  parseVersion,
  releaseOf,
} from "../../versions";
import { at, duplicates, type Rule } from "../rule";

/** Roles of nodes that cannot create a cluster. */
const NEVER_CREATES: readonly (Role | undefined)[] = ["worker", "witness"];

/** The rules over the cluster as a whole: version, who can create it, replicas, and where it is reached and fetched from. */
export const clusterRules: readonly Rule[] = [
  {
    id: "version",
    about: `The version is written as v1.2.3 and is ${OLDEST_SUPPORTED_VERSION} or newer.`,
    source: "install.role came with v1.3 [harvester-installer pkg/config/config.go]",
    *judge({ cluster: { version } }) {
      if (version === undefined) return;
      if (parseVersion(version) === undefined) {
        const guess = parseVersion(`v${version.trim().replace(/^v/i, "")}`);
        const hint =
          guess === undefined ? "write it as v1.6.1." : `did you mean v${version.trim().replace(/^v/i, "")}?`;
        yield at("version", `"${version}" is no Harvester version: ${hint}`);
      } else if (compareVersions(version, OLDEST_SUPPORTED_VERSION) < 0) {
        yield at(
          "version",
          `${version} is older than ${OLDEST_SUPPORTED_VERSION}, whose installer was the first to know roles. ` +
            `Choose a newer one; the newest known here is ${NEWEST_KNOWN_VERSION}.`,
        );
      }
    },
  },
  {
    id: "version-known",
    about: "The version is a release that this program knows.",
    severity: "warning",
    *judge({ version }) {
      if (version === undefined || releaseOf(version) !== undefined) return;
      yield at(
        "version",
        `${version} is not known here (newest known: ${NEWEST_KNOWN_VERSION}): it is treated like the known version before it. ` +
          "Read its release notes, and try it on a test cluster first.",
      );
    },
  },
  {
    id: "nodes",
    about: "There is a node that can create the cluster.",
    source: "a worker is never promoted, a witness runs etcd only [harvester pkg/controller/master/node]",
    *judge({ cluster, nodes }) {
      if (cluster.nodes === undefined) return;
      const declared = Object.keys(cluster.nodes).length;
      if (declared === 0) {
        yield at("nodes", "is empty: a cluster has at least one node.");
      } else if (declared === nodes.length && nodes.every(({ node }) => NEVER_CREATES.includes(node.role))) {
        yield at(
          "nodes",
          "has only workers and witnesses: one node with role default or management has to create the cluster.",
        );
      }
    },
  },
  {
    id: "replica-count",
    about: "The default storage class has no more replicas than there are nodes that store.",
    source: "a witness has no Longhorn [docs witness]; a volume short of replicas stays degraded",
    severity: "warning",
    *judge({ cluster, nodes }) {
      const count = cluster.storage?.replicaCount;
      const stores = nodes.filter(({ node }) => node.role !== "witness").length;
      if (count !== undefined && stores > 0 && count > stores) {
        yield at(
          "storage.replicaCount",
          `${count} replicas on ${stores} storing node(s): every volume stays degraded, which also blocks upgrades. Lower it.`,
        );
      }
    },
  },
  {
    id: "access-url",
    about: "The access URL is https without a path.",
    *judge({ cluster }) {
      const text = cluster.access?.url;
      if (text === undefined) return;
      const url = parseUrl(text);
      const bare =
        url !== undefined &&
        url.pathname === "/" &&
        url.search === "" &&
        url.hash === "" &&
        url.username === "";
      if (url?.protocol !== "https:" || !bare) {
        yield at(
          "access.url",
          `"${text}" is no base URL of a cluster: write it as https://host or https://host:port.`,
        );
      }
    },
  },
  {
    id: "artifact-url",
    about: "Artifacts lie at plain http(s) URLs.",
    source: "iPXE splits at blanks and expands what stands behind a $",
    *judge({ cluster }) {
      for (const key of ["url", "ipxe"] as const) {
        const text = cluster.artifacts?.[key];
        if (text === undefined) continue;
        const url = parseUrl(text);
        const plain =
          url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
        if (!plain || /[\s$"]/.test(text)) {
          yield at(
            `artifacts.${key}`,
            `"${text}" cannot be booted from: give a plain http:// or https:// URL.`,
          );
        }
      }
    },
  },
  {
    id: "artifact-version",
    about: "A version inside the artifact URL is the cluster's.",
    source: "joins are not version-checked by Harvester (harvester#1860)",
    *judge({ cluster, version }) {
      const found = /\bv\d+\.\d+\.\d+(-[a-z]+\d+)?(?=\/|$)/.exec(cluster.artifacts?.url ?? "")?.[0];
      if (found !== undefined && version !== undefined && found !== version) {
        yield at(
          "artifacts.url",
          `leads to ${found}, but the cluster's version is ${version}: nodes would not match.`,
        );
      }
    },
  },
  {
    id: "ntp-servers",
    about: "NTP servers are different names or addresses.",
    source: "harvester setting ntp-servers: FQDN or IP, no scheme, no duplicates [harvester pkg/webhook]",
    *judge({ cluster }) {
      const servers = (cluster.os?.ntpServers ?? []).flatMap((value, index) =>
        value === undefined ? [] : [{ property: `os.ntpServers[${index}]`, value }],
      );
      for (const { property, value } of servers) {
        if (!isDnsSubdomain(value))
          yield at(property, `"${value}" is neither a DNS name nor an address (no scheme, no port).`);
      }
      yield* duplicates(
        servers,
        (name, first) => `"${name}" is already listed at ${first}: remove one of them.`,
      );
    },
  },
];
