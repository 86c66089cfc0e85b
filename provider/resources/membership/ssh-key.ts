/** A new key to log in with counts once the nodes know it: with one that they do not know, nobody could leave any more, and only then it would show. */
import { type OperationContext, UserError } from "../../shell/resource";
import type { MembershipInputs } from "./inputs";
import type { Peer } from "./leave/departure";

/** What ssh2 says where the server takes none of the keys. */
const NOT_LET_IN = /authentication methods failed/;

/** A member, and the way onto it with the key that is described now. */
export interface Reached {
  key: string;
  shell: Peer["shell"];
}

/** Refuses another private key than before where a node does not let it in. A node that cannot be reached is named, and proves nothing. */
export async function refuseUnknownKey(
  ctx: Pick<OperationContext, "warn">,
  before: Pick<MembershipInputs, "cluster">,
  { cluster }: Pick<MembershipInputs, "cluster">,
  members: readonly Reached[],
): Promise<void> {
  const { sshPrivateKey } = cluster.access;
  if (sshPrivateKey === undefined || sshPrivateKey === before.cluster.access.sshPrivateKey) return;
  const looks = members.map(async ({ key, shell }) => {
    const failed = await shell.ask("true").then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { key, failed };
  });
  const found = await Promise.all(looks);
  const shut = found.filter(({ failed }) => failed !== undefined && NOT_LET_IN.test(failed));
  if (shut.length > 0) {
    throw new UserError(
      `cluster.access.sshPrivateKey: ${shut.map(({ key }) => key).join(", ")} does not let it in as rancher, so no node could leave any more. Nothing was ` +
        "changed. Put its public half into ~rancher/.ssh/authorized_keys of every node first, and into a CloudInit object, so that it stays there; " +
        "os.sshAuthorizedKeys counts for installations to come. (rule known-ssh-key)",
    );
  }
  for (const { key, failed } of found) {
    if (failed !== undefined)
      ctx.warn(`access.sshPrivateKey: whether ${key} knows the new key is not known: ${failed}.`);
  }
}
