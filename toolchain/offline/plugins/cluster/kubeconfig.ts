/** Reads a kubeconfig: where a cluster is and how to log in. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Where a cluster is and how to log in to it. */
export interface Access {
  /** URL of the API server; may have a path (a Rancher proxy). */
  server: string;
  ca?: Buffer;
  insecure: boolean;
  /** Name in the server's certificate, where it is not the host of the URL. */
  serverName?: string;
  token?: string;
  certificate?: Buffer;
  key?: Buffer;
  /** The context's namespace. */
  namespace: string;
}

/** The parts of a kubeconfig file that are read. */
interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context?: { cluster?: string; user?: string; namespace?: string } }[];
  clusters?: { name: string; cluster?: Record<string, unknown> }[];
  users?: { name: string; user?: Record<string, unknown> }[];
}

/** The text of a kubeconfig, and the folder that its relative paths start from. */
export interface KubeconfigText {
  text: string;
  folder: string;
}

/**
 * Finds a kubeconfig as provider arguments give it.
 * @param argument contents or a path; absent: $KUBECONFIG, then ~/.kube/config
 */
export function findKubeconfig(argument: string | undefined): KubeconfigText {
  const given = argument || process.env.KUBECONFIG?.split(path.delimiter)[0] || "~/.kube/config";
  const file = given.replace(/^~(?=\/)/, homedir());
  if (!given.includes("\n") && existsSync(file)) {
    return { text: readFileSync(file, "utf8"), folder: path.dirname(path.resolve(file)) };
  }
  if (!argument) throw new Error(`no kubeconfig: neither given nor found at ${file}`);
  return { text: given, folder: process.cwd() };
}

/** Reads the access of one context out of a kubeconfig. */
export async function readKubeconfig(
  { text, folder }: KubeconfigText,
  { context, cluster }: { context?: string; cluster?: string } = {},
): Promise<Access> {
  const { parse } = await import("yaml");
  const config = parse(text) as Kubeconfig | null;
  if (config === null || typeof config !== "object" || !Array.isArray(config.clusters)) {
    throw new Error("this is neither a kubeconfig nor the path of one");
  }
  const contextName = context || config["current-context"];
  const chosen = config.contexts?.find(({ name }) => name === contextName)?.context;
  if (!chosen) throw new Error(`context ${JSON.stringify(contextName ?? "")} does not exist`);
  const clusterName = cluster || chosen.cluster;
  const target = config.clusters.find(({ name }) => name === clusterName)?.cluster;
  if (!target) throw new Error(`cluster ${JSON.stringify(clusterName ?? "")} does not exist`);
  const user = config.users?.find(({ name }) => name === chosen.user)?.user ?? {};
  if (user.exec || user["auth-provider"] || user.username) {
    throw new Error(
      `user ${JSON.stringify(chosen.user)} logs in by a command or password, which this stand-in cannot`,
    );
  }

  const value = (from: Record<string, unknown>, key: string) =>
    typeof from[key] === "string" && from[key] !== "" ? (from[key] as string) : undefined;
  const material = (from: Record<string, unknown>, key: string): Buffer | undefined => {
    const data = value(from, `${key}-data`);
    if (data) return Buffer.from(data, "base64");
    const file = value(from, key);
    return file ? readFileSync(path.resolve(folder, file)) : undefined;
  };
  const tokenFile = value(user, "tokenFile");
  const server = value(target, "server");
  if (!server) throw new Error(`cluster ${JSON.stringify(clusterName)} has no server`);
  return {
    server: server.replace(/\/+$/, ""),
    ca: material(target, "certificate-authority"),
    insecure: target["insecure-skip-tls-verify"] === true,
    serverName: value(target, "tls-server-name"),
    token:
      value(user, "token") ?? (tokenFile && readFileSync(path.resolve(folder, tokenFile), "utf8").trim()),
    certificate: material(user, "client-certificate"),
    key: material(user, "client-key"),
    namespace: chosen.namespace || "default",
  };
}
