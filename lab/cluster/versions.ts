/**
 * What a Harvester release consists of, as far as a node shows it. From the release's own tags (scripts/version-rke2, version-rancher and
 * the chart of harvester-installer and harvester).
 */

/** Parts of one Harvester release. */
export interface Release {
  /** As `kubectl get nodes` shows it. */
  kubernetes: string;
  rancher: string;
  longhorn: string;
  kubevirt: string;
}

const RELEASES: Record<string, [kubernetes: string, rancher: string, longhorn: string, kubevirt: string]> = {
  "1.3.0": ["v1.27.10+rke2r1", "v2.8.2", "v1.6.0", "v1.1.0"],
  "1.3.1": ["v1.27.13+rke2r1", "v2.8.3", "v1.6.2", "v1.1.1"],
  "1.3.2": ["v1.28.12+rke2r1", "v2.8.5", "v1.6.2", "v1.1.1"],
  "1.4.0": ["v1.29.9+rke2r1", "v2.9.2", "v1.7.2", "v1.2.2"],
  "1.4.1": ["v1.30.7+rke2r1", "v2.9.3", "v1.7.2", "v1.2.2"],
  "1.4.2": ["v1.31.4+rke2r1", "v2.10.1", "v1.7.2", "v1.3.1"],
  "1.4.3": ["v1.31.7+rke2r1", "v2.10.1", "v1.7.3", "v1.3.1"],
  "1.5.0": ["v1.32.3+rke2r1", "v2.11.0", "v1.8.1", "v1.4.0"],
  "1.5.1": ["v1.32.4+rke2r1", "v2.11.2", "v1.8.2", "v1.4.0"],
  "1.5.2": ["v1.32.7+rke2r1", "v2.11.3", "v1.8.2", "v1.4.1"],
  "1.6.0": ["v1.33.3+rke2r1", "v2.12.0", "v1.9.1", "v1.5.2"],
  "1.6.1": ["v1.33.5+rke2r1", "v2.12.2", "v1.9.2", "v1.5.2"],
  "1.7.0": ["v1.34.2+rke2r1", "v2.13.0", "v1.10.1", "v1.6.3"],
  "1.7.1": ["v1.34.3+rke2r3", "v2.13.1", "v1.10.2", "v1.6.3"],
  "1.7.2": ["v1.34.9+rke2r1", "v2.13.3", "v1.10.2", "v1.6.6"],
  "1.8.0": ["v1.35.2+rke2r1", "v2.14.0", "v1.11.1", "v1.7.0"],
  "1.8.1": ["v1.35.6+rke2r1", "v2.14.2", "v1.11.2", "v1.7.0"],
};

/** The parts of a release given as `v1.6.1` or `1.6.1`. */
export function releaseOf(version: string): Release {
  const row = RELEASES[version.replace(/^v/, "")];
  if (!row) {
    throw new Error(
      `The lab does not know Harvester ${version}. It knows ${Object.keys(RELEASES).join(", ")}; ` +
        "add the release to lab/cluster/versions.ts.",
    );
  }
  const [kubernetes, rancher, longhorn, kubevirt] = row;
  return { kubernetes, rancher, longhorn, kubevirt };
}

/** Minor version of a release: 6 for v1.6.1. */
export function minorOf(version: string): number {
  return Number(version.replace(/^v/, "").split(".")[1]);
}
