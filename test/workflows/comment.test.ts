import assert from "node:assert/strict";
import { keepComment, markOf, pullRequestIn } from "../../cli/ci/comment";
import { GitHub } from "./github";

describe("the comment of a pull request", () => {
  let github: GitHub;
  beforeEach(async () => {
    github = await GitHub.start();
  });
  afterEach(() => github.stop());

  const keep = (stack: string, text: string) =>
    keepComment(pullRequestIn(github.environment())!, markOf(stack), text);

  it("is written once for each stack and kept up to date from then on", async () => {
    await keep("a", "first");
    await keep("b", "of another stack");
    await keep("a", "second");
    assert.deepEqual(
      github.comments.map(({ body }) => body),
      [`${markOf("a")}second`, `${markOf("b")}of another stack`],
    );
  });

  it("is found among many", async () => {
    for (let count = 0; count < 250; count++) github.say("somebody", "a word");
    await keep("a", "first");
    await keep("a", "second");
    assert.equal(github.comments.length, 251);
    assert.equal(github.comments.at(-1)?.body, `${markOf("a")}second`);
  });

  it("is never somebody else's, whatever it begins with", async () => {
    const copied = github.say("somebody", `${markOf("a")}copied`);
    await keep("a", "ours");
    assert.equal(copied.body, `${markOf("a")}copied`);
    assert.equal(github.comments.length, 2);
  });

  it("fails with the permission that is missing, and without the token", async () => {
    const pullRequest = { ...pullRequestIn(github.environment())!, token: "another" };
    await assert.rejects(keepComment(pullRequest, markOf("a"), "text"), (error: Error) => {
      assert.match(error.message, /was answered with 403 .*pull-requests: write/);
      return !error.message.includes("another");
    });
  });

  it("is left alone where there is no pull request", () => {
    assert.equal(pullRequestIn({}), undefined);
    assert.equal(pullRequestIn({ ...github.environment(), PULL_REQUEST: "" }), undefined);
  });
});
