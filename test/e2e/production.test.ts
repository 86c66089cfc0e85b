/** The production example is accepted by a preview that reaches no hardware, with an empty passphrase, secrets by environment. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { findFreeNet } from "../../lab/net";
import { mustSucceed, REPOSITORY, type Run, World } from "./world";

const SECRETS = {
  HARVESTER_ADMIN_PASSWORD: "an admin password of 2026",
  BMC_PASSWORD: "a bmc password of 2026",
};

describe("stack production, previewed without hardware", function () {
  this.timeout(120_000);
  let world: World;
  /** The committed stack file, with addresses of loopback at which nothing answers in place of those for documentation. */
  let committed: string;

  before(async () => {
    world = await World.start();
    const net = await findFreeNet();
    committed = readFileSync(join(REPOSITORY, "stacks", "Pulumi.production.yaml"), "utf8").replaceAll(
      "192.0.2.",
      `${net}.`,
    );
    assert.doesNotMatch(committed, /192\.0\.2/);
    writeFileSync(world.configFile, committed);
    const args = ["stack", "init", "--no-select"];
    mustSucceed(args, await world.pulumi(args, { stack: "production", env: { ...EMPTY, ...SECRETS } }));
  });
  after(() => world?.stop());

  const preview = (env: Record<string, string>): Promise<Run> =>
    world.pulumi(["preview", "--policy-pack", "policies"], {
      stack: "production",
      env: { ...EMPTY, ...env },
    });

  it("is accepted, the policies pass, and what could not be seen is said", async () => {
    const run = await preview(SECRETS);
    assert.equal(run.code, 0, run.output);
    for (const node of ["rack1-u10", "rack2-u10", "rack3-u10", "rack1-u12"]) {
      assert.match(run.output, new RegExp(`metal:index:Machine ${node} create`));
      assert.match(run.output, new RegExp(`${node}: not known, because its BMC did not answer`));
    }
    assert.match(run.output, /harvester-stack@/);
    assert.doesNotMatch(run.output, /mandatory/);
    for (const secret of Object.values(SECRETS)) assert(!run.output.includes(secret));
  });

  for (const name of Object.keys(SECRETS)) {
    it(`without ${name}: an error that names the variable`, async () => {
      const run = await preview({ ...SECRETS, [name]: "" });
      assert.notEqual(run.code, 0, run.output);
      assert.match(run.output, new RegExp(`environment variable ${name}, which is not set`));
      assert.match(run.output, /cluster\.(access\.adminPassword|nodes\.rack1-u10\.bmc\.password)/);
    });
  }

  it("the variant with two management nodes and a witness is accepted, too", async () => {
    const file = parse(committed);
    const cluster = file.config["harvester-stack:cluster"];
    cluster.nodes["rack3-u10"].role = "witness";
    cluster.storage = { replicaCount: 2 };
    writeFileSync(world.configFile, stringify(file));
    const run = await preview(SECRETS);
    assert.equal(run.code, 0, run.output);
    assert.doesNotMatch(run.output, /mandatory/);
  });
});

/**
 * No passphrase of anybody's: the stack file holds nothing that would be encrypted with it. And no record of connections, which here go to other
 * addresses than this world's lab.
 */
const EMPTY = { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: "", NODE_OPTIONS: "" };
