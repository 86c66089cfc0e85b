/** Previews full of marked secrets: none of them reaches any form of a report. */
import assert from "node:assert/strict";
import { renderHtml } from "../../report/html";
import { renderMarkdown } from "../../report/markdown";
import { readPreview } from "../../report/preview";
import { reportOf } from "../../report/report";
import { renderSvg } from "../../report/svg";
import { digest, events, replacement, type Scene } from "./fixtures";

/** Every secret of the scene holds this word, so that one search finds all of them. */
const MARK = "MARKED";
const secret = (what: string) => `${MARK} ${what} of 2026`;

/** A key of several lines, of which a message may repeat any. */
const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${MARK}b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\n-----END OPENSSH PRIVATE KEY-----`;

/** A secret as pulumi's JSON marks it. */
const marked = (plaintext: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(plaintext),
});

const bmc = { endpoint: "https://127.77.0.101", user: "admin", password: secret("bmc") };
const cluster = {
  name: "lab",
  access: { adminPassword: secret("admin"), sshPrivateKey: KEY },
  os: { password: secret("os"), environment: { HTTPS_PROXY: `http://user:${MARK}proxy@127.0.0.1` } },
  systemSettings: { "backup-target": JSON.stringify({ secretAccessKey: secret("s3") }) },
  nodes: { n5: { bmc } },
};

/** A stack as `--show-secrets` prints it, and worse: a program, providers and the engine say what they must not. */
const scene: Scene = {
  transition: { ...replacement, novelty: marked(secret("novel")) },
  resources: [
    {
      op: "update",
      type: "metal:index:Cluster",
      name: "cluster",
      inputs: { cluster, token: marked(secret("token")) },
    },
    {
      op: "create",
      type: "metal:index:Machine",
      name: "n5",
      inputs: { node: { bmc }, seed: marked(secret("seed")) },
    },
    {
      op: "create",
      type: "pulumi:providers:kubernetes",
      name: "lab",
      inputs: { kubeconfig: secret("kubeconfig") },
    },
  ],
  messages: [
    { severity: "debug", message: `RPC prepared: ${secret("debug")}` },
    { severity: "info", message: `logged in with ${secret("info")}` },
    { severity: "info#err", message: `npm WARN ${secret("stderr")}` },
    { severity: "warning", message: `401 for admin:${bmc.password} at the BMC; [secret] stays` },
    { severity: "warning", message: `cannot parse ${KEY}` },
    { severity: "error", message: `the login ${cluster.access.adminPassword} was refused` },
    {
      severity: "error",
      message: `metal:index:Plan resource 'plan': property access value {${secret("never told elsewhere")}} has a problem: is wrong.`,
      about: { type: "metal:index:Plan", name: "plan" },
    },
  ],
};

describe("secrets", () => {
  for (const [form, write] of [
    ["one object", digest],
    ["an event a line", events],
  ] as const) {
    it(`of a preview as ${form} reach no report`, () => {
      const input = write(scene);
      assert(input.split(MARK).length > 15, "the scene is full of them");
      const report = reportOf(readPreview(input));
      const forms = {
        markdown: renderMarkdown(report),
        html: renderHtml(report),
        svg: renderSvg(report.timeline),
        json: JSON.stringify(report),
      };
      for (const [name, text] of Object.entries(forms)) assert(!text.includes(MARK), `${name}: ${text}`);
      assert.match(forms.json, /401 for admin:\[secret\] at the BMC; \[secret\] stays/);
      assert.match(forms.json, /the login \[secret\] was refused/);
    });
  }

  it("that pulumi has concealed already change nothing else", () => {
    const hidden: Scene = {
      transition: replacement,
      resources: [
        {
          type: "metal:index:Machine",
          name: "n5",
          inputs: { bmc: { password: "[secret]" }, token: "[secret]" },
        },
      ],
      messages: [{ severity: "warning", message: "the password [secret] is short" }],
    };
    const { remarks, nodes } = reportOf(readPreview(digest(hidden)));
    assert.equal(remarks.at(-1)!.message, "the password [secret] is short");
    assert.equal(nodes.length, 5);
  });
});
