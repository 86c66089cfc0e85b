/**
 * https://VIP/k8s/clusters/local: Rancher's way into the Kubernetes API. The caller's token is exchanged for an impersonation, so that the
 * API server judges (and its audit log names) the user, not Rancher.
 */
import type * as http from "node:http";
import * as https from "node:https";
import type { VipContext } from "./context";
import type { Exchange, Route } from "./exchange";
import { authenticate } from "./tokens";

const PREFIX = "/k8s/clusters/local";
/** Headers that end at the proxy: of this connection, or claims of identity that only Rancher may make. */
const NOT_PASSED =
  /^(host|connection|keep-alive|transfer-encoding|upgrade|authorization|cookie|impersonate-.*)$/i;

/** The proxy's route; bodies and answers are streamed, so that watches work. */
export function proxyRoutes(context: VipContext): Route[] {
  return [{ path: /^\/k8s\/clusters\/local(\/|$)/, handle: (exchange) => pass(context, exchange) }];
}

async function pass(context: VipContext, exchange: Exchange): Promise<void> {
  const caller = await authenticate(context.kube, exchange);
  const { request, response } = exchange;
  const { target } = context.kube.http;
  const server = context.kube.http.servers[0];
  const headers: http.OutgoingHttpHeaders = {
    "impersonate-user": caller.userId,
    "impersonate-group": ["system:authenticated", "system:cattle:authenticated"],
  };
  for (const [name, value] of Object.entries(request.headers))
    if (!NOT_PASSED.test(name)) headers[name] = value;
  if (request.headers["transfer-encoding"])
    headers["transfer-encoding"] = request.headers["transfer-encoding"];

  await new Promise<void>((resolve, reject) => {
    const path = (request.url ?? "").slice(PREFIX.length) || "/";
    const outgoing = https.request(
      new URL(path, server),
      {
        method: request.method,
        headers,
        ca: target.ca,
        cert: target.cert,
        key: target.key,
        agent: context.kube.http.agent,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
        response.flushHeaders();
        answer.pipe(response);
        answer.on("error", () => response.destroy());
        answer.on("close", resolve);
      },
    );
    outgoing.on("error", reject);
    response.on("close", () => outgoing.destroy());
    request.pipe(outgoing);
  });
}

function withoutConnection(headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders {
  const {
    connection: _connection,
    "keep-alive": _keepAlive,
    "transfer-encoding": _encoding,
    ...rest
  } = headers;
  return rest;
}
