import assert from "node:assert/strict";
import { bmcTlsVerified } from "../../policies/bmc-tls-verified";
import { type Edits, edited } from "../model/description";
import { violationsOf } from "./support";

describe("policy bmc-tls-verified", () => {
  const judge = (edits: Edits, accepted: { endpoint: string; reason: string }[] = []) =>
    violationsOf(bmcTlsVerified, { cluster: edited(edits) }, { accepted });

  it("is content where certificates are checked", async () => {
    assert.deepEqual(await judge({}), []);
    assert.deepEqual(
      await judge({ "nodes.n1.bmc.tls": { fingerprint: "ab".repeat(32), insecure: false } }),
      [],
    );
  });

  it("refuses an endpoint that accepts any certificate", async () => {
    const [message, ...rest] = await judge({ "nodes.n2.bmc.tls": { insecure: true } });
    assert.deepEqual(rest, []);
    assert.match(message!, /^cluster\.nodes\.n2\.bmc: https:\/\/10\.0\.0\.22 accepts any certificate/);
  });

  it("refuses an endpoint without TLS", async () => {
    const [message, ...rest] = await judge({ "nodes.n3.bmc.endpoint": "http://10.0.0.23" });
    assert.deepEqual(rest, []);
    assert.match(message!, /n3\.bmc: http:\/\/10\.0\.0\.23 is not https/);
  });

  it("lets pass what is accepted with a reason, and nothing else", async () => {
    const accepted = [{ endpoint: "https://10.0.0.22/", reason: "firmware of 2014, replaced in May" }];
    assert.deepEqual(await judge({ "nodes.n2.bmc.tls": { insecure: true } }, accepted), []);
    assert.equal((await judge({ "nodes.n1.bmc.tls": { insecure: true } }, accepted)).length, 1);
  });

  it("does not take http for https where only the latter is accepted", async () => {
    const accepted = [{ endpoint: "https://10.0.0.21", reason: "firmware of 2014, replaced in May" }];
    assert.equal((await judge({ "nodes.n1.bmc.endpoint": "http://10.0.0.21" }, accepted)).length, 1);
  });

  it("shows no login, even where one stands in the endpoint", async () => {
    const said = await judge({ "nodes.n1.bmc.endpoint": "http://root:hunter2@10.0.0.21" });
    assert.equal(said.length, 1);
    assert.doesNotMatch(said.join(), /hunter2|bmc password/);
  });

  it("judges the plan only", async () => {
    assert.deepEqual(
      await violationsOf(bmcTlsVerified, {}, { accepted: [] }, { type: "metal:index:Machine" }),
      [],
    );
  });

  it("says what to do and where to read on", () => {
    assert.ok(bmcTlsVerified.remediationSteps);
    assert.ok(bmcTlsVerified.url);
    assert.equal(bmcTlsVerified.enforcementLevel, "mandatory");
  });
});
