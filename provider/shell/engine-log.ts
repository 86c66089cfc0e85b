/** Messages to the engine: live status rows and kept diagnostics, scrubbed of secrets. */
import { EngineClient, engine, grpc, UNLIMITED } from "./protocol";
import { secrets } from "./secrets";

/** How a message is shown. `status` is the live text of a resource's row; the others are kept. */
export type MessageKind = "status" | "info" | "warning" | "error";

/** Sends messages to the engine that runs this provider. */
export class EngineLog {
  #client: InstanceType<typeof EngineClient> | undefined;
  readonly #pending = new Set<Promise<void>>();

  /** Says where the engine listens; before that, messages go nowhere. */
  connect(address: string): void {
    if (address === "") return;
    this.#client?.close();
    this.#client = new EngineClient(address, grpc.credentials.createInsecure(), UNLIMITED);
  }

  /** Sends a message. Never fails and never waits: a message that cannot be delivered must not stop the work. */
  send(kind: MessageKind, urn: string, message: string): void {
    const client = this.#client;
    if (client === undefined || message === "") return;
    const request = new engine.LogRequest();
    request.setSeverity(SEVERITY[kind]);
    request.setEphemeral(kind === "status");
    request.setMessage(secrets.scrub(message));
    request.setUrn(urn);
    const delivery = new Promise<void>((resolve) => {
      client.log(request, new grpc.Metadata(), { deadline: Date.now() + 5000 }, () => resolve());
    });
    this.#pending.add(delivery);
    void delivery.then(() => this.#pending.delete(delivery));
  }

  /** Waits until what was sent has arrived, so that it is shown before the operation that said it ends. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Ends the connection. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

const SEVERITY = { status: 1, info: 1, warning: 2, error: 3 } as const;
