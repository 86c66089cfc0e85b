/** GitHub's comments of pull requests, as far as a workflow uses them, on loopback. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A comment of a pull request. */
export interface Comment {
  id: number;
  body: string;
  user: { login: string };
}

/** One repository with one pull request, number 7. */
export class GitHub {
  static readonly TOKEN = "token-of-the-job";
  static readonly REPOSITORY = "someone/clusters";
  readonly comments: Comment[] = [];
  /** Requests, `METHOD /path?query`. */
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ([status, body]) => response.writeHead(status).end(JSON.stringify(body)),
        (error: Error) => response.writeHead(500).end(JSON.stringify({ message: error.message })),
      );
    });
  }

  static async start(): Promise<GitHub> {
    const github = new GitHub();
    await new Promise<void>((resolve) => github.#server.listen(0, "127.0.0.1", resolve));
    return github;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Somebody's comment. */
  say(login: string, body: string): Comment {
    const comment = { id: this.comments.length + 1, body, user: { login } };
    this.comments.push(comment);
    return comment;
  }

  /** The environment of a job of the pull request. */
  environment(): Record<string, string> {
    return {
      GITHUB_API_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      GITHUB_REPOSITORY: GitHub.REPOSITORY,
      GITHUB_RUN_ID: "42",
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_TOKEN: GitHub.TOKEN,
      PULL_REQUEST: "7",
    };
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { method, url = "" } = request;
    this.requests.push(`${method} ${url}`);
    if (request.headers.authorization !== `Bearer ${GitHub.TOKEN}`) return [403, {}];
    const { pathname, searchParams } = new URL(url, "http://github");
    const path = pathname.replace(`/repos/${GitHub.REPOSITORY}/issues/`, "");
    const body = async () => JSON.parse(await text(request)).body as string;
    if (method === "GET" && path === "7/comments") {
      const size = Number(searchParams.get("per_page") ?? 30);
      const from = (Number(searchParams.get("page") ?? 1) - 1) * size;
      return [200, this.comments.slice(from, from + size)];
    }
    if (method === "POST" && path === "7/comments") {
      return [201, this.say("github-actions[bot]", await body())];
    }
    const comment = this.comments.find(({ id }) => path === `comments/${id}`);
    if (method !== "PATCH" || comment === undefined) return [404, {}];
    comment.body = await body();
    return [200, comment];
  }
}
