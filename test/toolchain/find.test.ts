import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath, onPath } from "../../toolchain/find";
import { etcd, kubeApiserver, pulumi } from "../../toolchain/pins";
import { fakeTool } from "./tools";

describe("find", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "find-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const folder = (name: string) => join(root, name);

  it("takes the first executable file on the path, passing over our own folder", () => {
    mkdirSync(folder("a/etcd"), { recursive: true });
    fakeTool(folder("b/etcd"), "");
    chmodSync(folder("b/etcd"), 0o644);
    fakeTool(folder("own/etcd"), "");
    fakeTool(folder("c/etcd"), "");
    const path = ["a", "", "b", "missing", "own", "c"]
      .map((name) => (name ? folder(name) : ""))
      .join(delimiter);
    assert.equal(onPath("etcd", path, [folder("own")]), folder("c/etcd"));
    assert.equal(onPath("etcdctl", path), undefined);
  });

  it("uses tools of the pinned version", async () => {
    fakeTool(folder("bin/etcd"), `etcd Version: ${etcd.version}\nGit SHA: 1234567`);
    fakeTool(folder("bin/etcdctl"), `etcdctl version: ${etcd.version}\nAPI version: 3.5`);
    fakeTool(folder("bin/kube-apiserver"), `Kubernetes v${kubeApiserver.version}`);
    assert.deepEqual(await findOnPath(etcd, folder("bin")), {
      kind: "found",
      binaries: { etcd: folder("bin/etcd"), etcdctl: folder("bin/etcdctl") },
    });
    assert.equal((await findOnPath(kubeApiserver, folder("bin"))).kind, "found");
    assert.deepEqual(await findOnPath(pulumi, folder("bin")), { kind: "absent" });
  });

  it("says why a tool of another version is not used", async () => {
    fakeTool(folder("bin/kube-apiserver"), "Kubernetes v1.30.0");
    assert.deepEqual(await findOnPath(kubeApiserver, folder("bin")), {
      kind: "unfit",
      reason: `${folder("bin/kube-apiserver")} is version 1.30.0, this project needs ${kubeApiserver.version}`,
    });
  });

  it("says why a tool that does not run is not used", async () => {
    fakeTool(folder("bin/kube-apiserver"), "no version at all");
    const found = await findOnPath(kubeApiserver, folder("bin"));
    assert.ok(found.kind === "unfit");
    assert.match(found.reason, /does not run: .* prints no version/);
  });

  it("wants the engine with a language host beside its real file", async () => {
    fakeTool(folder("opt/pulumi"), `v${pulumi.version}`);
    mkdirSync(folder("bin"));
    symlinkSync(folder("opt/pulumi"), folder("bin/pulumi"));
    const without = await findOnPath(pulumi, folder("bin"));
    assert.ok(without.kind === "unfit");
    assert.match(without.reason, /without its pulumi-language-nodejs/);
    fakeTool(folder("opt/pulumi-language-nodejs"), "");
    assert.equal((await findOnPath(pulumi, folder("bin"))).kind, "found");
  });
});
