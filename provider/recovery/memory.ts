/** What passes remember, kept in the cluster beside the roster: whoever runs the next one needs no disk. */
import { type Memory, NO_MEMORY } from "../../model/recovery";
import type { KubeApi, KubeObject } from "../harvester/kube-api";
import { UserError } from "../shell/errors";

const PATH = "/api/v1/namespaces/harvester-system/configmaps";
const NAME = "harvester-stack-guard";

/** How often a change is made anew for what another pass has written in between. */
const MOST_TRIES = 5;

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/**
 * Changes what is remembered, and returns it. Another pass may write at the same moment; then `change` is asked again about what that left.
 * What another life of the cluster remembered counts for nothing.
 */
export async function changeMemory(
  kube: KubeApi,
  incarnation: string,
  change: (memory: Memory) => Memory,
): Promise<Memory> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const found = await kube.find<ConfigMap>(`${PATH}/${NAME}`, `reading the ConfigMap ${NAME}`);
    const memory = change(read(found, incarnation));
    const object: ConfigMap = {
      ...(found ?? {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: NAME, namespace: "harvester-system" },
      }),
      data: { incarnation, memory: JSON.stringify(memory) },
    };
    const written =
      found === undefined
        ? await kube.create(PATH, object, `creating the ConfigMap ${NAME}`)
        : await kube.replace(`${PATH}/${NAME}`, object, `writing the ConfigMap ${NAME}`);
    if (written) return memory;
  }
  throw new UserError(
    `The ConfigMap ${NAME} in harvester-system was changed by others ${MOST_TRIES} times in a row: run one guard at a time.`,
  );
}

function read(found: ConfigMap | undefined, incarnation: string): Memory {
  if (found?.data?.incarnation !== incarnation) return NO_MEMORY;
  try {
    const memory = JSON.parse(found.data.memory ?? "") as Partial<Memory>;
    return { spells: memory.spells ?? {}, acts: memory.acts ?? [] };
  } catch {
    throw new UserError(
      `The ConfigMap ${NAME} in harvester-system holds no JSON that a pass has written. Delete it; looks begin anew.`,
    );
  }
}
