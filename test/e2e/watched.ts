/** Everything of a run of pulumi at which somebody else could look: what it said, its processes, and the files that it left. */
import { bootToken, joinToken, sshHostKey } from "../../model/identity";
import { ProcessSampler, type Secrets, scanFolder, secretsIn } from "./scan";
import type { Loose, Run, Running, World } from "./world";

/** Where secrets belong: with the operator, on the machines' own disks, and in the BMCs, whose password it is. */
const THEIR_PLACES = [/^site\/secrets\//, /^site\/machines\/[^/]+\/disks\//, /^site\/bmc\/options\.json/];

/** What the data centre itself keeps of a boot names the URL, as a machine's screen does; its token is burned with the installer's start. */
const BOOT_RECORDS = /^site\/(ledger\.jsonl|machines\/[^/]+\/(console\.log|machine\.json)): boot token/;

/** Runs of pulumi in one world, of which everything is kept that could give a secret away. */
export class WatchedRuns {
  readonly #said: string[] = [];
  readonly #processes = new Set<string>();
  readonly #secrets: Secrets = {};

  constructor(private readonly world: World) {}

  /** Runs pulumi to its end, whichever that is; `meanwhile` may interfere. */
  async run(args: readonly string[], meanwhile: (running: Running) => void = () => undefined): Promise<Run> {
    const running = this.world.spawn(args);
    const sampler = new ProcessSampler(running.pid);
    try {
      meanwhile(running);
      const run = await running.done;
      this.#said.push(run.output);
      return run;
    } finally {
      sampler.stop();
      for (const seen of sampler.seen) this.#processes.add(seen);
    }
  }

  /** Lets the scan know of one more secret. */
  keepsSecret(name: string, secret: string): void {
    this.#secrets[name] = secret;
  }

  /** Lets the scan know what the operator gave, and what follows from the seed in the state as it is now. */
  async keepsTheirSecrets(): Promise<void> {
    const { world } = this;
    this.keepsSecret("BMC password", world.secret("bmc-password"));
    this.keepsSecret("admin password", world.secret("admin-password"));
    this.keepsSecret("operator's SSH key", world.secret("ssh_ed25519"));
    const { stdout } = await world.must("stack", "export", "--show-secrets");
    const resources: Loose[] = JSON.parse(stdout).deployment.resources ?? [];
    const of = (type: string) => resources.find((resource) => resource.type === `metal:index:${type}`);
    if (of("Cluster") === undefined) return;
    const { seed: wrapped, incarnation } = of("Cluster").outputs;
    const seed: string = JSON.parse(wrapped.plaintext);
    this.keepsSecret("seed", seed);
    this.keepsSecret("join token", joinToken(seed, incarnation));
    const machine = of("Machine");
    if (machine === undefined) return;
    const { installation } = machine.outputs;
    this.keepsSecret(`boot token of ${installation}`, bootToken(seed, installation));
    this.keepsSecret("SSH host key", sshHostKey(seed, machine.inputs.node.hardware).privateKey);
  }

  /** Command lines of the processes that were seen. */
  get commands(): string[] {
    return [...this.#processes].map((text) => text.split("\0")[0]!);
  }

  /** Where a secret was found outside its own place, by name. */
  leaks(): string[] {
    const secrets = this.#secrets;
    const said = this.#said.flatMap((text) =>
      secretsIn(text, secrets).map((name) => `pulumi's output: ${name}`),
    );
    const processes = [...this.#processes].flatMap((text) =>
      secretsIn(text, secrets).map((name) => `process ${text.split("\0")[0]}: ${name}`),
    );
    const files = scanFolder(this.world.dir, secrets)
      .map((finding) => finding.slice(this.world.dir.length + 1))
      .filter((finding) => ![...THEIR_PLACES, BOOT_RECORDS].some((place) => place.test(finding)));
    return [...said, ...processes, ...files];
  }
}
