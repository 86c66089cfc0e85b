/** What the provider consists of. */
import type { Resource } from "../shell/resource";
import { cluster } from "./cluster";
import { machine } from "./machine";
import { membership } from "./membership";
import { backup, retirement } from "./not-yet";
import { plan } from "./plan";

/** Every resource of the provider. */
export const resources: readonly Resource[] = [plan, backup, retirement, cluster, machine, membership];
