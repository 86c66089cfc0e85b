/** UUIDs as another firmware would write them. */

/** The UUID with its first three groups in the other byte order. */
export function swapped(uuid: string): string {
  const turn = (group: string) => group.match(/../g)!.reverse().join("");
  return uuid
    .split("-")
    .map((group, index) => (index < 3 ? turn(group) : group))
    .join("-");
}
