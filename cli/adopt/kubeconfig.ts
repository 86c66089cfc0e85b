/** Reads the kubeconfig of a running cluster: the one that Harvester's own interface hands out, which leads through the VIP. */
import { parse } from "yaml";
import { parseUrl } from "../../model/formats";
import { certificatesIn } from "../../provider/net/trust";

/** Where a cluster is and how to come in. */
export interface ClusterLogin {
  /** Base URL of the API, without the path of the Kubernetes API. */
  url: string;
  /** PEM of the authority that it names; undefined where it leaves that to the system. */
  ca?: string;
  /** Secret. */
  token: string;
  /** The whole file. Secret. */
  kubeconfig: string;
}

interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context?: { cluster?: string; user?: string } }[];
  clusters?: { name: string; cluster?: { server?: string; "certificate-authority-data"?: string } }[];
  users?: { name: string; user?: { token?: string } }[];
}

/** Path of the Kubernetes API behind Rancher's login. */
const BEHIND_RANCHER = "/k8s/clusters/local";

/** Reads it. Throws where it leads another way than through the VIP: later runs come in that way, too. */
export function readKubeconfig(text: string, file: string): ClusterLogin {
  const config = parse(text) as Kubeconfig | null;
  const named = config?.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === named?.cluster)?.cluster;
  const user = config?.users?.find(({ name }) => name === named?.user)?.user;
  if (cluster?.server === undefined) {
    throw new Error(`--kubeconfig: ${file} names no cluster in its current context. ${WHICH}`);
  }
  const server = parseUrl(cluster.server);
  if (server?.protocol !== "https:" || server.pathname.replace(/\/+$/, "") !== BEHIND_RANCHER) {
    throw new Error(
      `--kubeconfig: the server of ${file} is ${cluster.server}, which is not Harvester's API through the VIP (https://VIP${BEHIND_RANCHER}). ${WHICH}`,
    );
  }
  if (user?.token === undefined) throw new Error(`--kubeconfig: ${file} holds no token. ${WHICH}`);
  const data = cluster["certificate-authority-data"];
  const ca = data === undefined ? undefined : Buffer.from(data, "base64").toString("utf8");
  if (ca !== undefined && certificatesIn(ca).length === 0)
    throw new Error(`--kubeconfig: certificate-authority-data of ${file} holds no certificate.`);
  return { url: server.origin, token: user.token, kubeconfig: text, ...(ca === undefined ? {} : { ca }) };
}

const WHICH = "Use the one that Harvester's interface hands out (Support, Download KubeConfig).";
