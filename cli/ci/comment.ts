/** The one comment of a pull request that a workflow keeps up to date, by GitHub's REST API: a runner need not have `gh`. */
import { EnvHttpProxyAgent, fetch } from "undici";

/** Who writes comments with a workflow's own token. Whoever else copies our mark into a comment is not taken for us. */
const AUTHOR = "github-actions[bot]";

const PER_PAGE = 100;
const TIMEOUT_MS = 30_000;

/** A pull request, and the right to comment on it. */
export interface PullRequest {
  /** GITHUB_API_URL. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  readonly token: string;
}

interface Comment {
  readonly id: number;
  readonly body?: string;
  readonly user?: { readonly login?: string } | null;
}

/** The pull request that the environment names, or undefined where there is none, as on a person's own machine. */
export function pullRequestIn(env: NodeJS.ProcessEnv): PullRequest | undefined {
  const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  const number = Number(env.PULL_REQUEST);
  if (!api || !repository || !token || !Number.isSafeInteger(number) || number <= 0) return undefined;
  return { api, repository, number, token };
}

/** First line of a comment about a stack, which nobody sees: by it the comment is found again. */
export function markOf(stack: string): string {
  return `<!-- harvester-stack: preview of ${stack} -->\n`;
}

/** Puts a text in the place of the comment that begins with the mark; writes it anew where there is none yet. */
export async function keepComment(pullRequest: PullRequest, mark: string, text: string): Promise<void> {
  const agent = new EnvHttpProxyAgent();
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const url = `${pullRequest.api}/repos/${pullRequest.repository}/${path}`;
    const answer = await fetch(url, {
      method,
      dispatcher: agent,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${pullRequest.token}`,
        "content-type": "application/json",
        "user-agent": "harvester-stack",
        "x-github-api-version": "2022-11-28",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      throw new Error(
        `The comment could not be written: ${method} ${url} was answered with ${answer.status} ${answer.statusText}. ` +
          "The job's token needs the permission pull-requests: write.",
      );
    }
    return answer.json();
  };
  try {
    const before = await findComment(ask, pullRequest.number, mark);
    const body = { body: `${mark}${text}` };
    if (before === undefined) await ask("POST", `issues/${pullRequest.number}/comments`, body);
    else await ask("PATCH", `issues/comments/${before.id}`, body);
  } finally {
    await agent.close();
  }
}

async function findComment(
  ask: (method: string, path: string) => Promise<unknown>,
  number: number,
  mark: string,
): Promise<Comment | undefined> {
  for (let page = 1; ; page++) {
    const path = `issues/${number}/comments?per_page=${PER_PAGE}&page=${page}`;
    const comments = (await ask("GET", path)) as Comment[];
    const ours = comments.find(({ body, user }) => user?.login === AUTHOR && body?.startsWith(mark));
    if (ours !== undefined || comments.length < PER_PAGE) return ours;
  }
}
