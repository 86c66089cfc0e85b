/** What a Machine is given, and what follows from it without looking anywhere. */
import type { ClusterDescription, NodeDescription } from "../../../model/description";
import { hostnameOf, installedAs } from "../../../model/description";
import { canonicalUuid, intentId, sameUuid } from "../../../model/hardware";
import { bootToken, joinToken, sshHostKey } from "../../../model/identity";
import { installConfigurationText, ipxeScript, renderInstallConfiguration } from "../../../model/install";
import { DEFAULT_BOOT_PORT } from "../../boot/server";
import type { Properties } from "../../shell/resource";
import { secrets } from "../../shell/secrets";
import type { ClusterIdentity } from "../cluster";
import type { ApprovedStep } from "../plan/approved";
import type { Judged } from "../plan/judged";
import type { Intent, Phase } from "./decide";

/** Label of every node: the incarnation it was installed for. A cluster that answers without it is not ours. */
export const INCARNATION_LABEL = "harvester-stack.io/incarnation";

/** Label of every node: the intent it was installed under. */
export const INSTALLATION_LABEL = "harvester-stack.io/installation";

/** Inputs of a Machine, all known. */
export interface MachineInputs {
  key: string;
  cluster: ClusterDescription;
  node: NodeDescription;
  identity: ClusterIdentity;
  join?: { after: string[]; atRest: boolean };
  /** Final steps that a person has approved. @default none */
  approved?: ApprovedStep[];
  /** What the plan has judged. @default not known, and it hinders nothing */
  judged?: Judged;
}

/** Inputs as the engine hands them over; call it only where all of them are known. */
export function machineInputs(properties: Properties): MachineInputs {
  return properties as unknown as MachineInputs;
}

/** The provider's id of a machine: the UUID it was installed with, whichever byte order it is written in. */
export function machineId(node: Pick<NodeDescription, "hardware" | "wasHardware">): string {
  const { uuid } = installedAs(node);
  return canonicalUuid(uuid) ?? uuid;
}

/** The wish that these inputs express. */
export function intentOf({ node, identity }: MachineInputs): Intent {
  const reinstall = node.reinstall ?? 0;
  const id = (count: number) =>
    intentId({ incarnation: identity.incarnation, hardware: installedAs(node), reinstall: count });
  return {
    id: id(reinstall),
    earlier: Array.from({ length: reinstall }, (_, count) => id(count)),
    creator: identity.creator.retired !== true && sameUuid(identity.creator.uuid, installedAs(node).uuid),
  };
}

/** Everything that is handed to the machine while it installs. */
export interface BootMaterial {
  /** Secret part of the boot URL. */
  token: string;
  /** URL below which this one installation is served. */
  baseUrl: string;
  /** iPXE script that boots the installer. */
  script: string;
  /** Install configuration as text. Secret. */
  configuration(mode: "create" | "join"): string;
}

/** Renders what the machine is handed. The same inputs give the same URLs and keys after any crash. */
export function bootMaterial(inputs: MachineInputs, intent: Intent): BootMaterial {
  const { key, cluster, node, identity } = inputs;
  const token = bootToken(identity.seed, intent.id);
  const { address, port } = cluster.bootServer;
  const baseUrl = `http://${address}:${port ?? DEFAULT_BOOT_PORT}/${token}`;
  const hostKey = sshHostKey(identity.seed, installedAs(node));
  const join = joinToken(identity.seed, identity.incarnation);
  // Derived here, so the shell has not met them in any request; nothing that is shown may hold them.
  for (const secret of [token, join, hostKey.privateKey]) secrets.add(secret);
  return {
    token,
    baseUrl,
    script: ipxeScript({ cluster, configUrl: `${baseUrl}/config.yaml` }),
    configuration: (mode) =>
      installConfigurationText(
        renderInstallConfiguration({
          cluster: { ...cluster, nodes: { [key]: node } },
          node: key,
          mode,
          token: join,
          events: `${baseUrl}/events`,
          labels: { [INCARNATION_LABEL]: identity.incarnation, [INSTALLATION_LABEL]: intent.id },
          writeFiles: [
            {
              path: "/etc/ssh/ssh_host_ed25519_key",
              content: hostKey.privateKey,
              owner: "root",
              permissions: "0600",
            },
            {
              path: "/etc/ssh/ssh_host_ed25519_key.pub",
              content: hostKey.publicKey,
              owner: "root",
              permissions: "0644",
            },
          ],
        }),
      ),
  };
}

/** What is known of a machine besides what it was given. */
export interface MachineFacts {
  phase: Phase;
  /** Power as its BMC reported it last. */
  power: string;
  /** @default the version that it is installed with now */
  installedVersion?: string;
  /** SSH host key that it shows. @default the one that follows from the seed: what it is installed with now */
  sshHostKey?: string;
  /** Fingerprint of the cluster's authority as it was seen first; from then on it is pinned. */
  caFingerprint?: string | undefined;
}

/** Outputs of a Machine. */
export function machineOutputs(
  inputs: MachineInputs,
  intent: Intent,
  { phase, power, installedVersion, sshHostKey: shown, caFingerprint }: MachineFacts,
): Properties {
  return {
    ...inputs,
    phase,
    power,
    caFingerprint,
    installation: intent.id,
    hostname: hostnameOf(inputs.key, inputs.node),
    sshHostKey: shown ?? sshHostKey(inputs.identity.seed, installedAs(inputs.node)).publicKey,
    installedVersion: installedVersion ?? inputs.cluster.version,
  };
}
