import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Values } from "../../../toolchain/offline/plugins/shell/values";
import { PluginClient, type PluginError } from "./support/plugin-client";
import { startSshServer, strangersKey, type TestSshServer } from "./support/ssh-server";
import { until } from "./support/until";

const LOCAL = "urn:pulumi:test::plugins::command:local:Command::here";
const REMOTE = "urn:pulumi:test::plugins::command:remote:Command::there";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

function shown(value: unknown): { secret: boolean; value: unknown } {
  const secret = typeof value === "object" && value !== null && SIGNATURE in value;
  return { secret, value: secret ? (value as Values).value : value };
}

describe("command plugin", () => {
  let plugin: PluginClient;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "plugin-test-command-"));
    plugin = await PluginClient.start("command");
  });

  after(async () => {
    await plugin?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function create(urn: string, wanted: Values) {
    const { inputs, failures } = await plugin.check(urn, wanted);
    assert.deepEqual(failures, []);
    return { inputs, ...(await plugin.create(urn, inputs)) };
  }

  describe("here", () => {
    it("runs a command, keeps what it said and shows it live", async () => {
      const { id, properties } = await create(LOCAL, {
        create: "cat; echo $GREETING; pwd; echo oh >&2",
        stdin: "first\n",
        environment: { GREETING: "hello" },
        dir: folder,
      });
      assert.match(id, /^here[0-9a-f]{8}$/);
      assert.equal(properties.stdout, `first\nhello\n${folder}`);
      assert.equal(properties.stderr, "oh");
      await until(
        "the output to be shown",
        5000,
        () => plugin.logged.includes("hello") && plugin.logged.includes("oh"),
      );
    });

    it("shows nothing where logging is off", async () => {
      await create(LOCAL, { create: "echo unspeakable", logging: "none" });
      await create(LOCAL, { create: "echo afterwards" });
      await until("the other output", 5000, () => plugin.logged.includes("afterwards"));
      assert.ok(!plugin.logged.includes("unspeakable"));
    });

    it("fails with the command, its status and its words", async () => {
      await assert.rejects(create(LOCAL, { create: "echo no luck; exit 3" }), (error: PluginError) => {
        assert.match(error.message, /exit status 3: running "echo no luck; exit 3":\nno luck/);
        assert.equal(error.partial, undefined);
        return true;
      });
    });

    it("runs nothing in a preview", async () => {
      const marker = path.join(folder, "previewed");
      const { inputs } = await plugin.check(LOCAL, { create: `touch ${marker}` });
      await plugin.create(LOCAL, inputs, { preview: true });
      assert.ok(!existsSync(marker));
    });

    it("hands the previous words to update and delete", async () => {
      const log = path.join(folder, "log");
      const { id, inputs, properties } = await create(LOCAL, {
        create: "echo one",
        update: `echo "update after $PULUMI_COMMAND_STDOUT" | tee -a ${log}`,
        delete: `echo "delete after $PULUMI_COMMAND_STDOUT" >> ${log}`,
      });
      const updated = await plugin.update(LOCAL, { id, olds: properties, oldInputs: inputs, news: inputs });
      assert.equal(updated.stdout, "update after one");
      await plugin.delete(LOCAL, id, updated);
      assert.equal(readFileSync(log, "utf8"), "update after one\ndelete after update after one\n");
    });

    it("replaces on changed triggers, updates on anything else", async () => {
      const old = await create(LOCAL, { create: "true", triggers: ["1"] });
      const diff = async (news: Values) =>
        (await plugin.diff(LOCAL, { id: old.id, olds: old.properties, oldInputs: old.inputs, news })).changes;
      assert.deepEqual(await diff(old.inputs), {});
      assert.deepEqual(await diff({ create: "true", triggers: ["2"] }), { "triggers[0]": "UPDATE_REPLACE" });
      assert.deepEqual(await diff({ create: "false", triggers: ["1"] }), { create: "UPDATE" });
    });

    it("makes the words of a command with secrets secret", async () => {
      const { properties } = await create(LOCAL, {
        create: "echo $TOKEN",
        environment: { TOKEN: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: "hush" } },
        logging: "none",
      });
      assert.deepEqual(shown(properties.stdout), { secret: true, value: "hush" });
    });
  });

  describe("there", () => {
    let server: TestSshServer;

    before(async () => {
      server = await startSshServer("rancher", "swordfish");
    });

    after(() => server?.stop());

    const connection = (more: Values = {}): Values => ({
      host: "127.0.0.1",
      port: server.port,
      user: "rancher",
      privateKey: server.userKey,
      hostKey: server.hostKey,
      dialErrorLimit: 1,
      ...more,
    });

    it("runs a command as a user with a key, on the host whose key is known", async () => {
      const { properties } = await create(REMOTE, {
        connection: connection(),
        create: "cat; echo $GREETING; echo oh >&2",
        stdin: "first\n",
        environment: { GREETING: "hello" },
      });
      assert.deepEqual(shown(properties.stdout), { secret: true, value: "first\nhello" });
      assert.deepEqual(shown(properties.stderr), { secret: true, value: "oh" });
      assert.equal(shown(properties.connection).secret, true);
    });

    it("logs in with a password", async () => {
      const { privateKey: _, ...login } = connection({ password: "swordfish" });
      const { properties } = await create(REMOTE, { connection: login, create: "echo in" });
      assert.equal(shown(properties.stdout).value, "in");
    });

    it("runs nothing on a host with another key", async () => {
      const marker = path.join(folder, "impostor");
      const inputs = { connection: connection({ hostKey: strangersKey() }), create: `touch ${marker}` };
      await assert.rejects(create(REMOTE, inputs), /after 1 failed attempts/);
      assert.ok(!existsSync(marker));
    });

    it("fails with the command, its status and its words", async () => {
      const inputs = { connection: connection(), create: "echo no luck; exit 4" };
      await assert.rejects(
        create(REMOTE, inputs),
        /exited with status 4: running "echo no luck; exit 4":\nno luck/,
      );
    });

    it("tries again until the limit", async () => {
      const inputs = { connection: connection({ port: 1, dialErrorLimit: 2 }), create: "true" };
      await assert.rejects(
        create(REMOTE, inputs),
        /after 2 failed attempts: .*ECONNREFUSED|after 2 failed attempts: .*refused/,
      );
      await until("the attempts to be shown", 5000, () =>
        plugin.logged.some((line) => /Dial 2\/2 failed/.test(line)),
      );
    });

    it("stops when the engine cancels", async () => {
      const other = await PluginClient.start("command");
      try {
        const marker = path.join(folder, "started");
        const { inputs } = await other.check(REMOTE, {
          connection: connection(),
          create: `touch ${marker}; while test -e ${marker}; do sleep 0.05; done`,
        });
        const failing = assert.rejects(other.create(REMOTE, inputs));
        await until("the command to run", 10_000, () => existsSync(marker));
        await other.cancel();
        await failing;
      } finally {
        await other.stop();
      }
    });
  });
});
