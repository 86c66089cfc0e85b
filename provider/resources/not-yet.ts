/** Steps of a rebuild that have their place in the order of things, and that this release refuses to take. */
import { type Resource, UserError } from "../shell/resource";

/** `metal:index:Backup`. */
export const backup = refusing(
  "metal:index:Backup",
  "backing up a cluster's virtual machines before a rebuild",
);

/** `metal:index:Retirement`. */
export const retirement = refusing("metal:index:Retirement", "retiring the machines of an old incarnation");

function refusing(token: string, what: string): Resource {
  const refuse = () => Promise.reject(new UserError(`${token}: ${what} is not available in this release.`));
  return {
    token,
    check: refuse,
    diff: refuse,
    create: refuse,
    update: refuse,
    read: refuse,
    delete: refuse,
  };
}
