/**
 * What has happened in this provider process. Preview and update are separate processes, so a fact recorded here was
 * established in the very run that asks for it; nothing in it survives, and nothing in it needs to.
 */

/** A kind of fact and the type of its value. Compared by identity: declare it once, beside the resource that records it. */
export class FactKind<T> {
  /** Only carries the type. */
  declare readonly value: T;
  constructor(readonly name: string) {}
}

/** Facts of this run, each under a kind and a subject (a URN, a hardware id, an incarnation). */
export class RunFacts {
  readonly #facts = new Map<FactKind<unknown>, Map<string, unknown>>();

  /** Records a fact; a later one under the same kind and subject takes its place. */
  record<T>(kind: FactKind<T>, subject: string, value: T): void {
    const bySubject = this.#facts.get(kind) ?? new Map<string, unknown>();
    bySubject.set(subject, value);
    this.#facts.set(kind, bySubject);
  }

  /** The fact, if it was recorded in this run. */
  get<T>(kind: FactKind<T>, subject: string): T | undefined {
    return this.#facts.get(kind)?.get(subject) as T | undefined;
  }

  /** All facts of a kind, by subject. */
  all<T>(kind: FactKind<T>): ReadonlyMap<string, T> {
    return (this.#facts.get(kind) ?? new Map()) as ReadonlyMap<string, T>;
  }
}
