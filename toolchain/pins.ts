/**
 * Which tools this project runs, in which version, and where each may come from.
 * A version is raised here and, for the registry path, in go/<module>/go.mod; for pulumi also in package.json.
 */

/** Operating system and processor as Node.js names them, e.g. `linux-x64`. */
export type Platform = `${NodeJS.Platform}-${NodeJS.Architecture}`;

/** A vendor's release archive, pinned by checksum: bytes that differ are never unpacked. */
export interface Archive {
  readonly url: string;
  /** Checksum algorithm and hex digest of the archive, as the vendor publishes it. */
  readonly digest: { readonly algorithm: "sha256" | "sha512"; readonly hex: string };
  /** Paths inside the archive (files or folders) whose contents become the tool's bin folder. */
  readonly members: readonly string[];
}

/** One command of a tool, built from Go modules. */
export interface GoCommand {
  readonly binary: string;
  readonly package: string;
}

/** How to build a tool where only a Go module proxy can be reached. */
export interface GoSource {
  /** Folder below toolchain/go that holds the go.mod and go.sum. */
  readonly module: string;
  readonly commands: readonly GoCommand[];
  /** Linker flags; they stamp the version, which a plain build leaves empty. */
  readonly ldflags: string;
}

/** One pinned tool. */
export interface Pin {
  readonly name: string;
  /** Without a leading v. */
  readonly version: string;
  /** Commands the tool brings; all must be there for an installation to count. */
  readonly binaries: readonly string[];
  /** Arguments that make a command print its version. */
  readonly versionArgs: Readonly<Record<string, readonly string[]>>;
  readonly archives: Readonly<Partial<Record<Platform, Archive>>>;
  readonly source: GoSource;
}

const PULUMI = "3.245.0";
const ETCD = "3.5.21";
const KUBERNETES = "1.33.4";

function pulumiArchive(platform: string, hex: string): Archive {
  return {
    url: `https://github.com/pulumi/pulumi/releases/download/v${PULUMI}/pulumi-v${PULUMI}-${platform}.tar.gz`,
    digest: { algorithm: "sha256", hex },
    members: ["pulumi"],
  };
}

function etcdArchive(arch: string, hex: string): Archive {
  const folder = `etcd-v${ETCD}-linux-${arch}`;
  return {
    url: `https://github.com/etcd-io/etcd/releases/download/v${ETCD}/${folder}.tar.gz`,
    digest: { algorithm: "sha256", hex },
    members: [`${folder}/etcd`, `${folder}/etcdctl`],
  };
}

/**
 * The API server is published alone too, but its checksum then only stands beside it on the same host. The digest of the
 * server archive is part of Kubernetes' own change log, so the larger archive is what can be pinned.
 */
function kubernetesArchive(arch: string, hex: string): Archive {
  return {
    url: `https://dl.k8s.io/v${KUBERNETES}/kubernetes-server-linux-${arch}.tar.gz`,
    digest: { algorithm: "sha512", hex },
    members: ["kubernetes/server/bin/kube-apiserver"],
  };
}

/** The engine. Checksums: pulumi/homebrew-tap, Formula/pulumi.rb, "Brew formula update for Pulumi version 3.245.0". */
export const pulumi: Pin = {
  name: "pulumi",
  version: PULUMI,
  binaries: ["pulumi"],
  versionArgs: { pulumi: ["version"] },
  archives: {
    "linux-x64": pulumiArchive(
      "linux-x64",
      "3d9d6a5e793c93c09350d0af389edfe6d98cb65b25baad635f00c60d349b9ee4",
    ),
    "linux-arm64": pulumiArchive(
      "linux-arm64",
      "b202e5ae90769232255269ded0b7a25d0bc08bb43a32d90ed1b342dec07074e8",
    ),
    "darwin-x64": pulumiArchive(
      "darwin-x64",
      "3bbfa5d77e300388bdfd829e41def62356b1f705d6947a3bf318a1e8fff21ca1",
    ),
    "darwin-arm64": pulumiArchive(
      "darwin-arm64",
      "b8cf15b92bacfed2c6b252c8fd1e78660a34aa55159fc4829ae1549bba9b78c4",
    ),
  },
  source: {
    module: "pulumi",
    commands: [{ binary: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" }],
    ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI}`,
  },
};

/** etcd and its client. Checksums: etcd's SHA256SUMS of the release, as kubespray and others repeat them. */
export const etcd: Pin = {
  name: "etcd",
  version: ETCD,
  binaries: ["etcd", "etcdctl"],
  versionArgs: { etcd: ["--version"], etcdctl: ["version"] },
  archives: {
    "linux-x64": etcdArchive("amd64", "adddda4b06718e68671ffabff2f8cee48488ba61ad82900e639d108f2148501c"),
    "linux-arm64": etcdArchive("arm64", "95bf6918623a097c0385b96f139d90248614485e781ec9bee4768dbb6c79c53f"),
  },
  source: {
    module: "kubernetes",
    commands: [
      { binary: "etcd", package: "go.etcd.io/etcd/server/v3" },
      { binary: "etcdctl", package: "go.etcd.io/etcd/etcdctl/v3" },
    ],
    ldflags: "-s -w",
  },
};

/** The API server. Checksums: kubernetes/kubernetes, CHANGELOG/CHANGELOG-1.33.md, "Server Binaries" of v1.33.4. */
export const kubeApiserver: Pin = {
  name: "kube-apiserver",
  version: KUBERNETES,
  binaries: ["kube-apiserver"],
  versionArgs: { "kube-apiserver": ["--version"] },
  archives: {
    "linux-x64": kubernetesArchive(
      "amd64",
      "dc91e00247992e242bd88f7d694f1d090b84211c8440674d14ff37694dfd8241faad4e4f4762e16f9144e337863b4ac388d27cc7597d3b327640f82a4c949823",
    ),
    "linux-arm64": kubernetesArchive(
      "arm64",
      "b8c277f1774f4f15fede8d5489707f71f9ec7ebbdc1f5ebfe08b64f067aab9cf4270b33192eb85d571d061db46b4ec33b8f0f4ae961d828f85866fe450902548",
    ),
  },
  source: {
    module: "kubernetes",
    commands: [{ binary: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver" }],
    ldflags: [
      "-s -w",
      `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`,
      "-X k8s.io/component-base/version.gitMajor=1",
      "-X k8s.io/component-base/version.gitMinor=33",
      "-X k8s.io/component-base/version.gitTreeState=clean",
    ].join(" "),
  },
};

/** Every tool, in the order in which they are needed. */
export const pins: readonly Pin[] = [pulumi, etcd, kubeApiserver];

const ACTIONLINT = "1.7.12";
const VERSITYGW = "1.8.0";

function actionlintArchive(platform: string, hex: string): Archive {
  return {
    url: `https://github.com/rhysd/actionlint/releases/download/v${ACTIONLINT}/actionlint_${ACTIONLINT}_${platform}.tar.gz`,
    digest: { algorithm: "sha256", hex },
    members: ["actionlint"],
  };
}

function versitygwArchive(platform: string, hex: string): Archive {
  const folder = `versitygw_v${VERSITYGW}_${platform}`;
  return {
    url: `https://github.com/versity/versitygw/releases/download/v${VERSITYGW}/${folder}.tar.gz`,
    digest: { algorithm: "sha256", hex },
    members: [`${folder}/versitygw`],
  };
}

/** Checks the workflows below .github. Checksums: actionlint_1.7.12_checksums.txt of the release, as many projects repeat them. */
export const actionlint: Pin = {
  name: "actionlint",
  version: ACTIONLINT,
  binaries: ["actionlint"],
  versionArgs: { actionlint: ["-version"] },
  archives: {
    "linux-x64": actionlintArchive(
      "linux_amd64",
      "8aca8db96f1b94770f1b0d72b6dddcb1ebb8123cb3712530b08cc387b349a3d8",
    ),
    "linux-arm64": actionlintArchive(
      "linux_arm64",
      "325e971b6ba9bfa504672e29be93c24981eeb1c07576d730e9f7c8805afff0c6",
    ),
    "darwin-x64": actionlintArchive(
      "darwin_amd64",
      "5b44c3bc2255115c9b69e30efc0fecdf498fdb63c5d58e17084fd5f16324c644",
    ),
    "darwin-arm64": actionlintArchive(
      "darwin_arm64",
      "aba9ced2dee8d27fecca3dc7feb1a7f9a52caefa1eb46f3271ea66b6e0e6953f",
    ),
  },
  source: {
    module: "actionlint",
    commands: [{ binary: "actionlint", package: "github.com/rhysd/actionlint/cmd/actionlint" }],
    ldflags: `-s -w -X github.com/rhysd/actionlint.version=v${ACTIONLINT}`,
  },
};

/** The S3 server on which the state backend is tried. Checksums: checksums.txt of the release, as other projects repeat them. */
export const versitygw: Pin = {
  name: "versitygw",
  version: VERSITYGW,
  binaries: ["versitygw"],
  versionArgs: { versitygw: ["--version"] },
  archives: {
    "linux-x64": versitygwArchive(
      "Linux_x86_64",
      "2ba2c734d10d2c4e651d03182cb4b246656bc735a2f282db7b0b73fba6073467",
    ),
    "linux-arm64": versitygwArchive(
      "Linux_arm64",
      "b34051d33f5a9c457f790896acb7bd7d7e15ad8d92efb70616b924f37e401910",
    ),
    "darwin-x64": versitygwArchive(
      "Darwin_x86_64",
      "104bd978e80ef0173554cfd8630ccc5bac24b00da440510b60365a3b6b6ab134",
    ),
    "darwin-arm64": versitygwArchive(
      "Darwin_arm64",
      "4953096f65a9c0d62ab184fb6b2ba7c2435229205cf00a56cb62cd4bf6b216ca",
    ),
  },
  source: {
    module: "versitygw",
    commands: [{ binary: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw" }],
    ldflags: `-s -w -X main.Version=v${VERSITYGW}`,
  },
};

/** Tools that only tests run. */
export const testPins: readonly Pin[] = [actionlint, versitygw];

/** This machine's platform. */
export function platform(): Platform {
  return `${process.platform}-${process.arch}`;
}
