import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type ParsedKey, utils } from "ssh2";
import { bootToken, incarnationId, joinToken, sshHostKey } from "../../model/identity";
import { renderInstallConfiguration, validateInstallConfiguration } from "../../model/install";
import { validDescription } from "./description";
import { holds } from "./property";

const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const HARDWARE = { uuid: "4c4c4544-0042-3510-8052-b4c04f4e4d32", serial: "J1" };
const seeds = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

describe("what follows from a cluster's seed", () => {
  it("never changes: a running cluster depends on it", () => {
    const digest = createHash("sha256")
      .update(
        [
          incarnationId(SEED, 1),
          joinToken(SEED, "a"),
          bootToken(SEED, "a"),
          sshHostKey(SEED, HARDWARE).privateKey,
        ].join(),
      )
      .digest("hex");
    assert.equal(digest, "ae0c6877cc79f9d5aad2055ae7ac00fcd855c752072305cc73a6aa752bf89e2c");
  });

  it("differs by purpose, incarnation and seed", () => {
    const values = [
      joinToken(SEED, "a"),
      joinToken(SEED, "b"),
      bootToken(SEED, "a"),
      bootToken(SEED, "b"),
      joinToken(SEED.replace("00", "ff"), "a"),
    ];
    assert.equal(new Set(values).size, values.length);
    assert.notEqual(incarnationId(SEED, 1), incarnationId(SEED, 2));
    assert.match(incarnationId(SEED, 1), /^[0-9a-f]{12}$/);
  });

  it("is 256 bits that fit into URLs and into the installer's token", () => {
    holds(
      fc.property(seeds, fc.string(), (seed, label) => {
        for (const token of [joinToken(seed, label), bootToken(seed, label)])
          assert.match(token, /^[A-Za-z0-9_-]{43}$/);
      }),
    );
    const input = {
      cluster: validDescription(),
      node: "n1",
      mode: "create" as const,
      events: "http://10.0.0.5/e",
    };
    const configuration = renderInstallConfiguration({ ...input, token: joinToken(SEED, "a") });
    assert.deepEqual(validateInstallConfiguration(configuration, "v1.6.1"), []);
  });

  it("needs a seed of 32 bytes", () => {
    for (const seed of ["", SEED.slice(2), SEED.toUpperCase(), `${SEED}00`]) {
      assert.throws(() => joinToken(seed, "a"), /32 bytes/);
    }
  });
});

describe("sshHostKey", () => {
  it("is one key per host, whatever the byte order of its UUID", () => {
    const swapped = { uuid: "44454C4C-4200-1035-8052-B4C04F4E4D32", serial: "j1" };
    assert.deepEqual(sshHostKey(SEED, swapped), sshHostKey(SEED, HARDWARE));
    assert.notEqual(
      sshHostKey(SEED, { ...HARDWARE, serial: "J2" }).publicKey,
      sshHostKey(SEED, HARDWARE).publicKey,
    );
  });

  it("is a pair in OpenSSH's format that another implementation reads and signs with", () => {
    holds(
      fc.property(seeds, fc.string({ minLength: 1 }), (seed, serial) => {
        const key = sshHostKey(seed, { ...HARDWARE, serial });
        const read = utils.parseKey(key.privateKey) as ParsedKey;
        assert.ok(!(read instanceof Error), String(read));
        assert.equal(`ssh-ed25519 ${read.getPublicSSH().toString("base64")}`, key.publicKey);
        const other = utils.parseKey(key.publicKey) as ParsedKey;
        assert.equal(other.verify(Buffer.from("text"), read.sign(Buffer.from("text"))), true);
      }),
      50,
    );
  });

  it("has the fingerprint that ssh shows", () => {
    const { publicKey, fingerprint } = sshHostKey(SEED, HARDWARE);
    const blob = Buffer.from(publicKey.split(" ")[1]!, "base64");
    assert.equal(
      fingerprint,
      `SHA256:${createHash("sha256").update(blob).digest("base64").replace("=", "")}`,
    );
  });
});
