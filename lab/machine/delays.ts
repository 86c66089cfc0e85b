/** How long things take on a machine of the lab, in lab seconds (ten of them are one real second by default). */
export interface Delays {
  /** Power-on self-test of the firmware. */
  post: number;
  /** Kernel and initramfs until the live system runs. */
  kernel: number;
  /** The live system until the installer reads its configuration. */
  installer: number;
  /** Writing the system to the install disk, after the ISO is there. */
  diskWrite: number;
  /** From the end of the installation, or a reboot request, to the firmware. */
  reboot: number;
  /** From the boot loader on the disk to the start of the node's services. */
  osBoot: number;
}

/** Delays of the demonstration: one installation has about 100 lab seconds of them. */
export const DEFAULT_DELAYS: Delays = {
  post: 10,
  kernel: 10,
  installer: 5,
  diskWrite: 50,
  reboot: 5,
  osBoot: 15,
};

/** How fast lab time runs by default. */
export const DEFAULT_SPEED = 10;

/** Lab seconds from power-on to the start of the node's services, when a machine is installed over the network. */
export function installationSeconds(delays: Delays): number {
  const { post, kernel, installer, diskWrite, reboot, osBoot } = delays;
  return post + kernel + installer + diskWrite + reboot + post + osBoot;
}
