import assert from "node:assert/strict";
import { readBmcList } from "../../cli/adopt/bmc-list";
import { readKubeconfig } from "../../cli/adopt/kubeconfig";

const ENTRY = "- {endpoint: https://10.0.0.21, user: admin, password: {secretFromEnv: BMC_PASSWORD}";

describe("the list of BMCs for an adoption", () => {
  it("is YAML in the words of a stack file", () => {
    const [entry] = readBmcList(`${ENTRY}, tls: {insecure: true}, ssh: {port: 2222}, node: n1}`, "bmcs.yaml");
    assert.deepEqual(entry, {
      bmc: {
        endpoint: "https://10.0.0.21",
        user: "admin",
        password: { secretFromEnv: "BMC_PASSWORD" },
        tls: { insecure: true },
      },
      node: "n1",
      ssh: { port: 2222 },
    });
  });

  it("or CSV, which says the same", () => {
    const csv = [
      "# rack 1",
      "endpoint, user, passwordEnv, insecure, ca, sshPort, node",
      "https://10.0.0.21,admin,BMC_PASSWORD,true,,2222,n1",
    ].join("\n");
    const yaml = readBmcList(`${ENTRY}, tls: {insecure: true}, ssh: {port: 2222}, node: n1}`, "bmcs.yaml");
    assert.deepEqual(readBmcList(csv, "bmcs.csv"), yaml);
  });

  const wrong: [string, string, string, RegExp][] = [
    [
      "a password in clear",
      `${ENTRY.replace("{secretFromEnv: BMC_PASSWORD}", "hunter2")}}`,
      "l.yaml",
      /holds no passwords/,
    ],
    ["no password", "endpoint,user\nhttps://10.0.0.21,admin", "l.csv", /line 2 .*password has to be/],
    [
      "no endpoint",
      "- {user: admin, password: {secretFromEnv: A}}",
      "l.yaml",
      /entry 1 .*endpoint is missing/,
    ],
    ["an unknown word", `${ENTRY}, tsl: {}}`, "l.yaml", /"tsl" is unknown/],
    ["an unknown column", "endpoint,user,password\n", "l.csv", /column "password" .* is unknown/],
    ["one BMC twice", `${ENTRY}}\n${ENTRY}}`, "l.yaml", /names https:\/\/10\.0\.0\.21 twice/],
    ["nothing", "[]", "l.yaml", /names no BMC/],
    ["no list", "endpoint: https://10.0.0.21", "l.yaml", /is no YAML list/],
  ];
  for (const [what, text, file, expected] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readBmcList(text, file),
        (error: Error) => {
          assert.match(error.message, expected);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
      );
    });
  }
});

describe("the kubeconfig of a running cluster", () => {
  const kubeconfig = (server: string, user: string) =>
    [
      "current-context: local",
      "contexts: [{name: local, context: {cluster: local, user: local}}]",
      `clusters: [{name: local, cluster: {server: "${server}"}}]`,
      `users: [{name: local, user: ${user}}]`,
    ].join("\n");

  it("leads through the VIP, on whatever port", () => {
    const read = readKubeconfig(
      kubeconfig("https://10.0.0.10:8443/k8s/clusters/local", "{token: 't:1'}"),
      "k",
    );
    assert.deepEqual([read.url, read.token, read.ca], ["https://10.0.0.10:8443", "t:1", undefined]);
  });

  for (const [what, text, expected] of [
    [
      "that of a node",
      kubeconfig("https://127.0.0.1:6443", "{token: t}"),
      /is not Harvester's API through the VIP/,
    ],
    ["one without a token", kubeconfig("https://10.0.0.10/k8s/clusters/local", "{}"), /holds no token/],
    ["anything else", "a: b", /names no cluster/],
  ] as const) {
    it(`is not ${what}`, () => assert.throws(() => readKubeconfig(text, "k"), expected));
  }
});
