import { strict as assert } from "node:assert";
import { Secrets } from "../../../provider/shell/secrets";

describe("scrubbing of secrets", () => {
  const scrubbed = (secret: unknown, text: string) => {
    const secrets = new Secrets();
    secrets.add(secret);
    return secrets.scrub(text);
  };

  it("hides a secret as it is, in a URL, in JSON and in base64", () => {
    const secret = 'p@ss"word 1';
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret), btoa(secret)]) {
      const shown = scrubbed(secret, `login with ${form} failed`);
      assert.ok(shown.includes("[secret]") && !shown.includes("word"), shown);
    }
  });

  it("hides each line of a key", () => {
    const key =
      "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n";
    assert.equal(scrubbed(key, "read MIIEvQIBADANBgkqhkiG9w0B"), "read [secret]");
  });

  it("hides the longest of secrets that contain each other", () => {
    const secrets = new Secrets();
    secrets.add("hunter");
    secrets.add("hunter22");
    assert.equal(secrets.scrub("hunter22 hunter"), "[secret] [secret]");
  });

  it("leaves short words inside a secret object readable", () => {
    const object = { user: "admin", role: "worker", password: "correct-horse" };
    assert.equal(scrubbed(object, "admin of worker: correct-horse"), "admin of worker: [secret]");
  });
});
