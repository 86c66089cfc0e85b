/**
 * What the VIP says about itself to anybody: liveness, versions, its CA, and whether Harvester is ready.
 */
import { isInstalled } from "../bootstrap";
import type { VipContext } from "./context";
import { ApiError, type Route } from "./exchange";

/** Routes that need no login. */
export function healthRoutes(context: VipContext): Route[] {
  const { release, version } = context.identity;
  return [
    {
      method: "GET",
      path: /^\/(ping|healthz)$/,
      handle: async (e) => e.replyText(200, e.path === "/ping" ? "pong" : "ok"),
    },
    {
      method: "GET",
      path: /^\/(version|rancherversion)$/,
      handle: async (e) =>
        e.replyJson(200, { Version: release.rancher, GitCommit: "lab", RancherPrime: "false" }),
    },
    {
      method: "GET",
      path: /^\/v1\/harvester\/cluster\/local$/,
      handle: async (e) => {
        if (!(await isInstalled(context.kube))) {
          throw new ApiError(503, "ServiceUnavailable", "Harvester is not ready yet.");
        }
        e.replyJson(200, {
          id: "local",
          type: "cluster",
          version,
          links: { self: "/v1/harvester/cluster/local" },
        });
      },
    },
    { method: "GET", path: /^\/cacerts$/, handle: async (e) => e.replyText(200, context.vipCa) },
  ];
}
