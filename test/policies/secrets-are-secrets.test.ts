import assert from "node:assert/strict";
import { secretsAreSecrets } from "../../policies/secrets";
import { type Edits, edited } from "../model/description";
import { UNKNOWN, violationsOf } from "./support";

describe("policy secrets-are-secrets", () => {
  const judge = (edits: Edits) => violationsOf(secretsAreSecrets, { cluster: edited(edits) });

  it("is content where secrets stand in their places", async () => {
    assert.deepEqual(await judge({}), []);
    assert.deepEqual(await judge({ "os.environment": { HTTP_PROXY: "http://me:pw@proxy:3128" } }), []);
  });

  it("refuses a password in any other place, without showing it", async () => {
    const [message, ...rest] = await judge({ "os.sysctls": { "kernel.note": "x a long admin password x" } });
    assert.deepEqual(rest, []);
    assert.match(message!, /^cluster\.os\.sysctls\["kernel\.note"\]: the value of access\.adminPassword/);
    assert.doesNotMatch(message!, /a long admin/);
  });

  it("refuses a login in a URL, without showing it", async () => {
    const said = await judge({ "artifacts.url": "http://me:hunter2@mirror/harvester/v1.6.1" });
    assert.equal(said.length, 1);
    assert.doesNotMatch(said.join(), /hunter2/);
  });

  it("goes on where passwords are not known yet", async () => {
    assert.deepEqual(await judge({ "access.adminPassword": UNKNOWN }), []);
  });

  it("judges the plan only", async () => {
    assert.deepEqual(await violationsOf(secretsAreSecrets, {}, {}, { type: "metal:index:Machine" }), []);
  });
});
