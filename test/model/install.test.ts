import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import type { ClusterDescription } from "../../model/description";
import {
  artifactsOf,
  diskBootScript,
  installConfigurationText,
  ipxeScript,
  kernelCommandLine,
  type RenderInput,
  renderInstallConfiguration,
  validateInstallConfiguration,
} from "../../model/install";
import { describeProblem } from "../../model/problem";
import { RELEASES } from "../../model/versions";
import { type Edits, edited, validDescription } from "./description";
import { holds } from "./property";

/** A description that uses about everything, for the golden files. */
function richDescription(version: string): ClusterDescription {
  const edits: Edits = {
    version,
    "access.url": "https://harvester.example.com",
    "managementNetwork.vlanId": 20,
    "os.password": "$6$salt$hash",
    "os.sysctls": { "vm.swappiness": "10" },
    skipChecks: true,
    systemSettings: { "overcommit-config": '{"cpu":1600,"memory":150,"storage":200}' },
    "nodes.n1.hostname": "node-1",
    "nodes.n1.role": "management",
    "nodes.n1.zone": "rack-1",
    "nodes.n1.interfaces": [{ name: "ens1f0", hwAddr: "52:54:00:00:10:01" }, { hwAddr: "52:54:00:00:11:01" }],
    "nodes.n2.role": "witness",
    "nodes.n2.disks.data": undefined,
    ...(version < "v1.5"
      ? {}
      : { "nodes.n2.disks.wipe": [{ device: "/dev/disk/by-id/ata-old", serial: "OLD" }] }),
  };
  return edited(edits) as unknown as ClusterDescription;
}

function inputFor(version: string, mode: "create" | "join"): RenderInput {
  return {
    cluster: richDescription(version),
    node: mode === "create" ? "n1" : "n2",
    mode,
    token: "a-token",
    events: "http://192.168.10.5:8090/secret/events",
    labels: { "example.com/incarnation": "0123456789ab" },
    writeFiles: [{ path: "/etc/ssh/ssh_host_ed25519_key", content: "line 1\nline 2\n" }],
  };
}

describe("renderInstallConfiguration", () => {
  for (const version of ["v1.3.0", "v1.5.1", "v1.6.1", "v1.8.1"]) {
    for (const mode of ["create", "join"] as const) {
      it(`gives the installer of ${version} what stands in the golden file, to ${mode}`, () => {
        const text = installConfigurationText(renderInstallConfiguration(inputFor(version, mode)));
        const golden = join(__dirname, "fixtures", "install", `${version}-${mode}.yaml`);
        if (process.env.UPDATE_GOLDEN === "1") {
          mkdirSync(join(golden, ".."), { recursive: true });
          writeFileSync(golden, text);
        }
        assert.ok(existsSync(golden), `${golden} is missing: write it by UPDATE_GOLDEN=1, then read it`);
        assert.equal(text, readFileSync(golden, "utf8"));
      });
    }
  }

  it("renders for every known version what its installer accepts", () => {
    for (const { version } of RELEASES) {
      for (const mode of ["create", "join"] as const) {
        const configuration = renderInstallConfiguration(inputFor(version, mode));
        const problems = validateInstallConfiguration(configuration, version);
        assert.deepEqual(problems, [], `${version} ${mode}: ${problems.map(describeProblem).join("\n")}`);
      }
    }
  });

  it("never gives a joining machine what creates a cluster, nor the other way round", () => {
    const join = renderInstallConfiguration(inputFor("v1.6.1", "join"));
    assert.equal(join.install.mode, "join");
    assert.equal(join.server_url, "https://192.168.10.10");
    for (const key of ["vip", "vip_mode", "vip_hw_addr", "harvester"] as const)
      assert.equal(join.install[key], undefined);
    assert.equal(join.system_settings, undefined);
    assert.equal(join.sans, undefined);
    const create = renderInstallConfiguration(inputFor("v1.6.1", "create"));
    assert.equal(create.install.mode, "create");
    assert.equal(create.server_url, undefined);
  });

  it("wipes the disks of the description and no others", () => {
    const { install } = renderInstallConfiguration(inputFor("v1.6.1", "join"));
    assert.deepEqual(install.wipe_disks_list, ["/dev/disk/by-id/nvme-os-2", "/dev/disk/by-id/ata-old"]);
    assert.equal(renderInstallConfiguration(inputFor("v1.3.0", "create")).install.wipe_disks_list, undefined);
  });

  it("asks for as many replicas as there are nodes that store", () => {
    const replicas = (edits: Edits, size: number) => {
      const cluster = edited(edits, validDescription(size)) as unknown as ClusterDescription;
      const { install } = renderInstallConfiguration({
        ...inputFor("v1.6.1", "create"),
        cluster,
        node: "n1",
      });
      return install.harvester?.storage_class?.replica_count;
    };
    assert.equal(replicas({}, 1), 1);
    assert.equal(replicas({}, 5), 3);
    assert.equal(replicas({ "nodes.n3.role": "witness" }, 3), 2);
    assert.equal(replicas({ "storage.replicaCount": 1 }, 3), 1);
  });

  it("leaves address, mask and gateway to DHCP where that is the method", () => {
    const cluster = edited({ "managementNetwork.method": "dhcp" }) as unknown as ClusterDescription;
    const { install } = renderInstallConfiguration({ ...inputFor("v1.6.1", "join"), cluster });
    assert.deepEqual(Object.keys(install.management_interface).sort(), [
      "bond_options",
      "interfaces",
      "method",
      "mtu",
    ]);
  });

  it("refuses a node that is not described", () => {
    assert.throws(
      () => renderInstallConfiguration({ ...inputFor("v1.6.1", "join"), node: "n9" }),
      /no node "n9"/,
    );
  });
});

describe("installConfigurationText", () => {
  it("survives a YAML 1.1 parser, which takes bare words and MACs for other things", () => {
    const tricky = [
      "no",
      "on",
      "11:22:33:44:55:06",
      "0755",
      "1e3",
      "~",
      "2026-01-01",
      "a: b",
      "#x",
      "{{.Hostname}}",
      " x ",
    ];
    const configuration = renderInstallConfiguration(inputFor("v1.6.1", "create"));
    configuration.os.modules = tricky;
    configuration.os.environment = { "<<": "a key that merges maps", no: "1", "11:22": "2" };
    assert.deepEqual(parse(installConfigurationText(configuration), { version: "1.1" }), configuration);
  });

  it("gives back any strings", () => {
    holds(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: "binary" })), (sysctls) => {
        const configuration = renderInstallConfiguration(inputFor("v1.6.1", "create"));
        configuration.os.sysctls = sysctls;
        const text = installConfigurationText(configuration);
        assert.deepEqual({ ...parse(text, { version: "1.1" }).os.sysctls }, { ...sysctls });
      }),
    );
  });
});

describe("validateInstallConfiguration", () => {
  const breaks: [rule: string, property: string, mode: "create" | "join", edits: Edits][] = [
    ["missing", "token", "create", { token: undefined }],
    ["out-of-range", "scheme_version", "create", { scheme_version: 2 }],
    ["unknown-key", "install.devise", "create", { "install.devise": "/dev/sda" }],
    ["unknown-key", "install.networks", "create", { "install.networks": {} }],
    ["not-one-of", "install.mode", "create", { "install.mode": "install" }],
    ["not-one-of", "install.role", "create", { "install.role": "master" }],
    ["mode-keys", "server_url", "create", { server_url: "https://192.168.10.10" }],
    ["mode-keys", "install.vip", "create", { "install.vip": undefined }],
    ["mode-keys", "server_url", "join", { server_url: undefined }],
    ["mode-keys", "install.vip", "join", { "install.vip": "192.168.10.10" }],
    ["mode-keys", "system_settings", "join", { system_settings: {} }],
    ["mode-keys", "sans", "join", { sans: ["a"] }],
    ["server-url", "server_url", "join", { server_url: "https://192.168.10.10:8443" }],
    ["server-url", "server_url", "join", { server_url: "http://192.168.10.10" }],
    ["server-url", "server_url", "join", { server_url: "https://192.168.10.10/v3" }],
    ["token", "token", "create", { token: "tök" }],
    ["token", "token", "create", { token: "" }],
    ["vip", "install.vip", "create", { "install.vip": "harvester" }],
    ["vip", "install.vip", "create", { "install.vip": "192.168.10.11" }],
    ["vip", "install.vip_hw_addr", "create", { "install.vip_mode": "dhcp" }],
    [
      "management-interface",
      "install.management_interface.interfaces",
      "create",
      { "install.management_interface.interfaces": [] },
    ],
    [
      "management-interface",
      "install.management_interface.gateway",
      "create",
      { "install.management_interface.gateway": undefined },
    ],
    [
      "management-interface",
      "install.management_interface.subnet_mask",
      "create",
      { "install.management_interface.subnet_mask": "/24" },
    ],
    ["management-interface", "os.dns_nameservers", "create", { "os.dns_nameservers": [] }],
    ["mtu", "install.management_interface.mtu", "join", { "install.management_interface.mtu": 100 }],
    [
      "unknown-key",
      "install.management_interface.default_route",
      "create",
      { "install.management_interface.default_route": true },
    ],
    ["cluster-networks", "install.cluster_pod_cidr", "create", { "install.cluster_pod_cidr": "10.52.0.0" }],
    ["cluster-networks", "install.cluster_dns", "create", { "install.cluster_dns": "10.52.0.10" }],
    ["login", "os", "create", { "os.password": undefined, "os.ssh_authorized_keys": undefined }],
    ["hostname", "os.hostname", "create", { "os.hostname": "Node_1" }],
    ["labels", 'os.labels["a b"]', "create", { "os.labels": { "a b": "c" } }],
    ["write-files", "os.write_files[0].path", "create", { "os.write_files": [{ path: "x", content: "" }] }],
    [
      "write-files",
      "os.write_files[0].permissions",
      "create",
      { "os.write_files": [{ path: "/x", content: "", permissions: "rw" }] },
    ],
    [
      "persistent-state-paths",
      "os.persistent_state_paths[0]",
      "create",
      { "os.persistent_state_paths": ["/tmp/x"] },
    ],
    ["disks", "install.device", "create", { "install.device": "sda" }],
    ["disks", "install.data_disk", "create", { "install.data_disk": "/dev/disk/by-id/nvme-os-1" }],
    ["disks", "install.wipe_disks_list[1]", "create", { "install.wipe_disks_list": ["/dev/sda", "sdb"] }],
    [
      "disks",
      "install.persistent_partition_size",
      "create",
      { "install.persistent_partition_size": "200Gi" },
    ],
    ["disks", "install.persistent_partition_size", "join", { "install.persistent_partition_size": "100Gi" }],
    ["wipes-unnamed-disks", "install.wipe_all_disks", "create", { "install.wipe_all_disks": true }],
    ["iso-url", "install.iso_url", "create", { "install.iso_url": "local" }],
    ["missing", "install.iso_url", "create", { "install.iso_url": undefined }],
    ["webhooks", "install.webhooks[0].url", "create", { "install.webhooks[0].url": "boot/{{.Hostname}}" }],
    ["not-one-of", "install.webhooks[0].event", "create", { "install.webhooks[0].event": "started" }],
    [
      "system-settings",
      "system_settings.upgrade-config",
      "create",
      { system_settings: { "upgrade-config": "{}" } },
    ],
  ];
  for (const [rule, property, mode, edits] of breaks) {
    it(`${rule}: speaks at ${property} about ${JSON.stringify(edits)} to ${mode}`, () => {
      const base = renderInstallConfiguration(inputFor("v1.6.1", mode));
      const found = validateInstallConfiguration(edited(edits, base), "v1.6.1");
      const ours = found.filter((problem) => problem.rule === rule && problem.property === property);
      assert.equal(ours.length, 1, found.map(describeProblem).join("\n") || "no problem at all");
    });
  }

  const keys: [
    key: string,
    value: unknown,
    mode: "create" | "join",
    from: string | undefined,
    until: string | undefined,
  ][] = [
    ["sans", ["a"], "create", "v1.6.0", undefined],
    ["install.cluster_pod_cidr", "10.52.0.0/16", "create", "v1.5.0", undefined],
    ["install.wipe_disks_list", [], "join", "v1.5.0", undefined],
    ["install.wipe_all_disks", false, "join", "v1.5.0", undefined],
    ["install.wipe_disks", false, "join", undefined, "v1.5.0"],
    ["os.external_storage_config", { enabled: true }, "join", "v1.4.0", undefined],
    ["os.additional_kernel_arguments", "a=b", "join", "v1.4.0", undefined],
    ["os.wifi", [], "join", undefined, "v1.7.0"],
    ["os.sshd.disable_password_auth", true, "join", "v1.8.0", undefined],
    ["install.cordoned", true, "join", "v1.9.0", undefined],
    [
      "install.harvester.longhorn.default_settings.storageReservedPercentageForDefaultDisk",
      30,
      "create",
      "v1.7.0",
      undefined,
    ],
  ];
  for (const [key, value, mode, from, until] of keys) {
    it(`knows ${key} from ${from ?? "the beginning"} until ${until ?? "today"}`, () => {
      for (const version of [...RELEASES.map((release) => release.version), "v1.9.0"]) {
        const expected = (from === undefined || version >= from) && (until === undefined || version < until);
        const configuration = edited({ [key]: value }, renderInstallConfiguration(inputFor(version, mode)));
        const refused = validateInstallConfiguration(configuration, version).some(
          (problem) => problem.property === key && problem.rule === "unknown-key",
        );
        assert.equal(refused, !expected, `${key} in ${version}`);
      }
    });
  }

  it("judges any junk without failing", () => {
    holds(
      fc.property(fc.object(), (junk) => assert.ok(validateInstallConfiguration(junk, "v1.6.1").length > 0)),
    );
  });
});

describe("booting the installer", () => {
  const boot = { cluster: validDescription(), configUrl: "http://192.168.10.5:8090/secret/config.yaml" };

  it("names the release's artifacts as Harvester does", () => {
    assert.deepEqual(
      artifactsOf({ version: "v1.6.1", artifacts: { url: "http://mirror/h/", architecture: "arm64" } }),
      {
        kernel: "http://mirror/h/harvester-v1.6.1-vmlinuz-arm64",
        initrd: "http://mirror/h/harvester-v1.6.1-initrd-arm64",
        rootfs: "http://mirror/h/harvester-v1.6.1-rootfs-arm64.squashfs",
        iso: "http://mirror/h/harvester-v1.6.1-arm64.iso",
        checksums: "http://mirror/h/harvester-v1.6.1-arm64.sha512",
        ipxe: "http://mirror/h/ipxe.efi",
      },
    );
  });

  it("gives the kernel what an automatic installation needs, and no list", () => {
    const parameters = kernelCommandLine(boot).split(" ");
    for (const needed of [
      "initrd=harvester-v1.6.1-initrd-amd64",
      "ip=dhcp",
      "harvester.install.automatic=true",
      "harvester.scheme_version=1",
      "harvester.install.config_url=http://192.168.10.5:8090/secret/config.yaml",
    ]) {
      assert.ok(parameters.includes(needed), needed);
    }
    const names = parameters.map((parameter) => parameter.split("=")[0]);
    assert.equal(new Set(names).size, names.length);
    assert.doesNotMatch(kernelCommandLine(boot), /skipchecks/);
    const skipping = { ...boot, cluster: { ...boot.cluster, skipChecks: true } };
    assert.match(kernelCommandLine(skipping), / harvester\.install\.skipchecks=true/);
  });

  it("quotes blanks and refuses what cannot be quoted", () => {
    assert.match(kernelCommandLine({ ...boot, consoles: ["tty 1"] }), /console="tty 1"/);
    assert.throws(
      () => kernelCommandLine({ ...boot, configUrl: 'http://a/"' }),
      /config_url cannot hold quotes/,
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE's own expansion
    assert.throws(() => ipxeScript({ ...boot, configUrl: "http://a/${net0/mac}" }), /cannot hold/);
  });

  it("writes the script that boots the installer, and the one that boots from disk", () => {
    const lines = ipxeScript(boot).split("\n");
    assert.equal(lines[0], "#!ipxe");
    assert.match(
      lines[1]!,
      /^kernel https:\/\/releases\.rancher\.com\/harvester\/v1\.6\.1\/harvester-v1\.6\.1-vmlinuz-amd64 initrd=/,
    );
    assert.match(lines[2]!, /^initrd https:\/\/\S+-initrd-amd64$/);
    assert.deepEqual(lines.slice(3), ["boot", ""]);
    assert.deepEqual(diskBootScript().split("\n").slice(-2), ["exit", ""]);
    assert.match(diskBootScript(), /^#!ipxe\n/);
  });
});
