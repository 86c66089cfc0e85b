/** What this run does to a cluster, written down while it happens: its steps, and what every live look shows of etcd. */
import { type Quorum, quorumOf } from "../../model/quorum";
import { isWorse, type RecordedStep, type StepKind } from "../../model/transition";
import type { NodeFacts } from "../harvester/node-facts";
import { FactKind, type RunFacts } from "../shell/run";

/** A node as far as it counts here. */
export type SeenNode = Pick<NodeFacts, "name" | "ready" | "etcd" | "etcdVoter" | "promoteStatus">;

/** What a look showed. */
interface Sight {
  at: string;
  /** Undefined where no cluster of ours answered. */
  quorum: Quorum | undefined;
}

/** A step that is under way. */
interface Open {
  /** The first look in it. */
  first: Sight | undefined;
  worst: Quorum | undefined;
}

/** The chronicle of one cluster in one run. */
export class Chronicle {
  readonly #steps: RecordedStep[] = [];
  readonly #open = new Set<Open>();
  /** Nodes that hold a vote, by name: also while they are away. */
  readonly #seated = new Set<string>();
  /** Nodes whose etcd member does not vote yet, with the look before it was seen. */
  readonly #learners = new Map<string, Sight>();
  #last: Sight | undefined;
  #answered = false;

  constructor(private readonly now: () => Date = () => new Date()) {}

  /** The steps that are over. */
  get steps(): readonly RecordedStep[] {
    return this.#steps;
  }

  /** Takes a live look into account; `undefined`: nothing that is ours answered. */
  saw(nodes: readonly SeenNode[] | undefined): void {
    const at = this.now().toISOString();
    const promoted = nodes === undefined || nodes.length === 0 ? [] : this.#seat(nodes, at);
    const voters = (nodes ?? []).filter(({ name }) => this.#seated.has(name));
    const healthy = voters.filter(({ ready, etcdVoter }) => ready && etcdVoter);
    const quorum = voters.length === 0 ? undefined : quorumOf(voters.length, healthy.length);
    for (const open of this.#open) {
      open.first ??= { at, quorum };
      if (quorum !== undefined) open.worst = worse(open.worst, quorum);
    }
    for (const { node, since } of promoted) {
      this.#steps.push({
        kind: "promote",
        node,
        begin: since.at,
        end: at,
        ...(since.quorum === undefined ? {} : { before: since.quorum }),
        ...(quorum === undefined ? {} : { after: quorum }),
      });
    }
    this.#last = { at, quorum };
  }

  /**
   * Does something as one step. `kindOf` says of its result what it was; undefined: nothing was done. What throws is no step: the change did not
   * come to its end.
   */
  async step<T>(
    node: string,
    work: () => Promise<T>,
    kindOf: (result: T) => StepKind | undefined,
  ): Promise<T> {
    const begin = this.now().toISOString();
    const open: Open = { first: undefined, worst: undefined };
    this.#open.add(open);
    try {
      const result = await work();
      const kind = kindOf(result);
      if (kind !== undefined) this.#close(open, { kind, node, begin });
      return result;
    } finally {
      this.#open.delete(open);
    }
  }

  #close({ first, worst }: Open, step: Pick<RecordedStep, "kind" | "node" | "begin">): void {
    const before = first?.quorum;
    const after = first === undefined ? undefined : this.#last?.quorum;
    const lowest = [before, after].every((end) => end === undefined || (worst && isLower(worst, end)));
    this.#steps.push({
      ...step,
      end: this.now().toISOString(),
      ...(before === undefined ? {} : { before }),
      ...(worst !== undefined && lowest ? { during: worst } : {}),
      ...(after === undefined ? {} : { after }),
    });
  }

  /** Who votes now; returns whose vote is new. Whoever has one at the first look, and the only node there is, was not promoted in this run. */
  #seat(nodes: readonly SeenNode[], at: string): { node: string; since: Sight }[] {
    const found = !this.#answered || nodes.length === 1;
    this.#answered = true;
    const holders = nodes.filter(({ etcd }) => etcd);
    for (const name of this.#seated) {
      if (!holders.some((node) => node.name === name)) this.#seated.delete(name);
    }
    const promoted: { node: string; since: Sight }[] = [];
    for (const { name, etcdVoter, promoteStatus } of holders) {
      if (this.#seated.has(name)) continue;
      const since = this.#learners.get(name) ?? this.#last ?? { at, quorum: undefined };
      if (found && promoteStatus !== "running") this.#seated.add(name);
      else if (etcdVoter) {
        this.#seated.add(name);
        this.#learners.delete(name);
        promoted.push({ node: name, since });
      } else this.#learners.set(name, since);
    }
    return promoted;
  }
}

function isLower(left: Quorum, right: Quorum): boolean {
  return isWorse({ quorum: left }, { quorum: right });
}

function worse(known: Quorum | undefined, seen: Quorum): Quorum {
  return known === undefined || isLower(seen, known) ? seen : known;
}

const chronicles = new FactKind<Chronicle>("what was done to a cluster");

/** The chronicle of a cluster in this run, by the cluster's incarnation. */
export function chronicleOf(facts: RunFacts, { incarnation }: { incarnation: string }): Chronicle {
  const known = facts.get(chronicles, incarnation);
  if (known !== undefined) return known;
  const chronicle = new Chronicle();
  facts.record(chronicles, incarnation, chronicle);
  return chronicle;
}
