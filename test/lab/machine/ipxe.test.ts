// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are iPXE's variables, not TypeScript's
import assert from "node:assert/strict";
import { type FetchedFile, Ipxe, type IpxeOutcome } from "../../../lab/machine/ipxe";

const BASE = "http://boot/token/autoexec.ipxe";

async function run(
  script: string,
  files: Record<string, string> = {},
): Promise<{ outcome: IpxeOutcome; lines: string[] }> {
  const lines: string[] = [];
  const file = (url: string, text: string): FetchedFile => ({
    url,
    bytes: text.length,
    head: Buffer.from(text),
  });
  const ipxe = new Ipxe({
    settings: { "net0/mac": "52:54:00:77:01:10", uuid: "u-1" },
    console: (line) => lines.push(line),
    sleep: async () => {},
    fetch: async (url) => {
      const text = files[url];
      if (text === undefined) throw new Error("HTTP status 404");
      return file(url, text);
    },
  });
  return { outcome: await ipxe.run(file(BASE, script)), lines };
}

describe("lab machine: iPXE", () => {
  it("boots a kernel with its parameters and initrd, relative to the script", async () => {
    const files = { "http://boot/token/vmlinuz": "k", "http://mirror/initrd": "i" };
    const script =
      "#!ipxe\n# comment\nset base http://mirror\nkernel vmlinuz initrd=initrd a=${uuid} ${net0/mac}\ninitrd ${base}/initrd\nboot\n";
    const { outcome } = await run(script, files);
    assert.ok(outcome.kind === "boot");
    assert.equal(outcome.commandLine, "initrd=initrd a=u-1 52:54:00:77:01:10");
    assert.equal(outcome.kernel.url, "http://boot/token/vmlinuz");
    assert.deepEqual(
      outcome.initrds.map(({ url }) => url),
      ["http://mirror/initrd"],
    );
  });

  it("gives the machine back to the firmware", async () => {
    assert.equal((await run("#!ipxe\nexit\nboot")).outcome.kind, "exit");
    assert.equal((await run("#!ipxe\nexit 1")).outcome.kind, "exit");
    assert.equal((await run("#!ipxe\nsanboot --no-describe --drive 0x80")).outcome.kind, "sanboot");
    assert.equal((await run("#!ipxe\necho done")).outcome.kind, "exit");
  });

  it("chains scripts by address", async () => {
    const { outcome, lines } = await run("#!ipxe\nchain ${net0/mac}.ipxe || goto none\n:none\nexit", {
      "http://boot/token/52:54:00:77:01:10.ipxe": "#!ipxe\necho hello ${uuid}\npoweroff",
    });
    assert.equal(outcome.kind, "poweroff");
    assert.ok(lines.includes("hello u-1"));
    assert.equal((await run("#!ipxe\nchain gone.ipxe || goto none\n:none\nsanboot")).outcome.kind, "sanboot");
  });

  it("fails where iPXE fails", async () => {
    for (const [script, reason] of [
      ["#!ipxe\nkernel http://gone/vmlinuz\nboot", /404/],
      ["#!ipxe\nboot", /no image/],
      ["#!ipxe\nfly", /fly: command not found/],
      ["#!ipxe\n:a\ngoto a", /does not end/],
      ["#!ipxe\ngoto nowhere", /no label/],
    ] as const) {
      const { outcome } = await run(script);
      assert.ok(outcome.kind === "failed", script);
      assert.match(outcome.reason, reason);
    }
  });

  it("joins commands by || and &&", async () => {
    const { lines } = await run(
      "#!ipxe\nfly || echo one\nisset ${nothing} && echo two || echo three\niseq a a && echo four\nexit",
    );
    assert.deepEqual(lines, ["one", "three", "four"]);
  });
});
