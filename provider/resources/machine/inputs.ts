/** What a Machine is given, and what follows from it without looking anywhere. */
import type { ClusterDescription, NodeDescription } from "../../../model/description";
import { hostnameOf, installedAs } from "../../../model/description";
import { canonicalUuid, intentId, sameUuid } from "../../../model/hardware";
import { bootToken, joinToken, sshHostKey } from "../../../model/identity";
import { installConfigurationText, ipxeScript, renderInstallConfiguration } from "../../../model/install";
import type { Properties } from "../../shell/resource";
import type { ClusterIdentity } from "../cluster";
import type { Intent } from "./decide";

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
    creator: sameUuid(identity.creator.uuid, installedAs(node).uuid),
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
  const baseUrl = `http://${address}:${port ?? 8090}/${token}`;
  const hostKey = sshHostKey(identity.seed, installedAs(node));
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
          token: joinToken(identity.seed, identity.incarnation),
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

/** Outputs of a Machine in a phase. */
export function machineOutputs(
  inputs: MachineInputs,
  intent: Intent,
  phase: string,
  installedVersion?: string,
): Properties {
  return {
    ...inputs,
    phase,
    installation: intent.id,
    hostname: hostnameOf(inputs.key, inputs.node),
    sshHostKey: sshHostKey(inputs.identity.seed, installedAs(inputs.node)).publicKey,
    installedVersion: installedVersion ?? inputs.cluster.version,
    power: "On",
  };
}
