import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { parse, stringify } from "yaml";
import { greet, HarvesterClient } from "../../../provider/harvester/client";
import { NoAnswer } from "../../../provider/net/http";
import { shutdown } from "../../../provider/shell/shutdown";
import { Authority } from "../net/certificates";

/** What a request met: status and body. */
type Answer = [status: number, body: unknown];

describe("Harvester client", () => {
  let authority: Authority;
  let server: Server;
  let url: string;
  let requests: { line: string; authorization: string | undefined; body: string }[];
  let answers: Record<string, Answer>;
  /** What the next requests meet instead. */
  let busy: Answer[] = [];
  const never = new AbortController().signal;

  const client = (pinned?: string) => new HarvesterClient({ url, ca: authority.pem, pinned });

  before(async () => {
    authority = await Authority.create("dynamiclistener-ca");
    const { cert, key } = await authority.issue();
    server = createServer({ cert, key }, (request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const line = `${request.method} ${request.url}`;
        requests.push({ line, authorization: request.headers.authorization, body });
        const [status, answer] = busy.shift() ?? answers[line] ?? [404, { message: "not found" }];
        response.writeHead(status).end(typeof answer === "string" ? answer : JSON.stringify(answer));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    requests = [];
    answers = {
      "GET /ping": [200, "pong"],
      "GET /cacerts": [200, authority.pem],
      "POST /v3-public/localProviders/local?action=login": [201, { token: "token-1:secret" }],
      "POST /v3/tokens?action=logout": [200, {}],
    };
  });
  afterEach(() => shutdown(1000));

  it("asks again where an API server says that it cannot answer yet", async () => {
    answers["GET /k8s/clusters/local/api/v1/nodes"] = [200, { items: [] }];
    busy = [[429, { message: "storage is (re)initializing" }]];
    assert.deepEqual(await client().list("/api/v1/nodes"), []);
    assert.equal(requests.length, 2);
  });

  it("greets without showing anything, and gets the authority to pin", async () => {
    assert.deepEqual(await greet(url, never), { pong: true, status: 200, ca: authority.pem });
    answers["GET /ping"] = [200, "<html>a router</html>"];
    assert.equal((await greet(url, never)).pong, false);
  });

  it("does not take a cluster that cannot say its authority just now for one that has none", async () => {
    answers["GET /cacerts"] = [503, ""];
    assert.equal((await greet(url, never)).ca, undefined);
    answers["GET /cacerts"] = [404, ""];
    assert.equal((await greet(url, never)).ca, "");
  });

  it("tells silence from a stranger", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    await assert.rejects(
      greet(`https://127.0.0.1:${port}`, never),
      (error) => error instanceof NoAnswer && error.silence === "refused",
    );
  });

  it("logs in where the authority is the pinned one, and out when the provider ends", async () => {
    const harvester = client(authority.fingerprint.toUpperCase());
    assert.equal(await harvester.login("hunter22"), true);
    assert.equal(harvester.caFingerprint, authority.fingerprint);
    assert.equal(JSON.parse(requests[0]!.body).password, "hunter22");
    await shutdown(1000);
    assert.equal(requests.at(-1)!.line, "POST /v3/tokens?action=logout");
  });

  it("sends no password to a cluster with another authority", async () => {
    const other = await Authority.create("other");
    const impostor = new HarvesterClient({ url, ca: authority.pem, pinned: other.fingerprint });
    await assert.rejects(
      impostor.login("hunter22"),
      (error) => error instanceof NoAnswer && error.silence === "untrusted",
    );
    // Nor to one that shows an authority which did not sign its certificate.
    const liar = new HarvesterClient({ url, ca: other.pem, pinned: other.fingerprint });
    await assert.rejects(liar.login("hunter22"), /pinned/);
    assert.deepEqual(requests, []);
  });

  it("says that a password is wrong, and nothing more", async () => {
    answers["POST /v3-public/localProviders/local?action=login"] = [401, {}];
    assert.equal(await client().login("hunter22"), false);
  });

  it("names what the cluster refuses", async () => {
    answers["POST /v3/users?action=changepassword"] = [422, { message: "must be at least 12 characters" }];
    const harvester = client();
    await harvester.login("admin");
    await assert.rejects(
      harvester.changePassword("admin", "short"),
      /changing the admin password: HTTP 422: must be at least 12/,
    );
  });

  it("points the kubeconfig to where the cluster is reached from here", async () => {
    const path = "/k8s/clusters/local";
    const config = stringify({
      clusters: [{ cluster: { server: `https://10.0.0.10${path}` } }],
      users: [{ user: { token: "kubeconfig-user:t" } }],
    });
    answers["POST /v1/management.cattle.io.clusters/local?action=generateKubeconfig"] = [200, { config }];
    answers[`GET ${path}/api/v1/namespaces/default`] = [200, {}];
    const harvester = client();
    await harvester.login("hunter22");
    const kubeconfig = await harvester.kubeconfig();
    assert.equal(parse(kubeconfig).clusters[0].cluster.server, url + path);
    assert.equal(await harvester.accepts(kubeconfig), true);
    assert.equal(requests.at(-1)!.authorization, "Bearer kubeconfig-user:t");
  });

  it("writes a ConfigMap only where it says something else", async () => {
    const path = "/k8s/clusters/local/api/v1/namespaces/harvester-system/configmaps/roster";
    const write = `PATCH ${path}?fieldManager=harvester-stack&force=true`;
    answers[write] = [200, {}];
    const harvester = client();
    await harvester.login("hunter22");
    await harvester.applyConfigMap("harvester-system", "roster", { n1: "member" });
    answers[`GET ${path}`] = [200, { data: { n1: "member" } }];
    await harvester.applyConfigMap("harvester-system", "roster", { n1: "member" });
    assert.equal(requests.filter(({ line }) => line === write).length, 1);
  });
});
