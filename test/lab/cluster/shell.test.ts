import assert from "node:assert/strict";
import { parseLine, ShellSyntaxError } from "../../../lab/cluster/ssh/shell";

describe("the shell of a lab node", () => {
  it("splits a line into commands and their links", () => {
    const line = `sudo cat '/a b' && hostname; false || echo "x \\"y\\"" \\; 2>/dev/null`;
    assert.deepEqual(
      parseLine(line).map((c) => [c.link, c.words]),
      [
        [";", ["sudo", "cat", "/a b"]],
        ["&&", ["hostname"]],
        [";", ["false"]],
        ["||", ["echo", 'x "y"', ";"]],
      ],
    );
  });

  it("knows where output is thrown away or merged", () => {
    const [quiet, merged] = parseLine("a > /dev/null 2>/dev/null; b 2>&1");
    assert.deepEqual(quiet?.discard, { stdout: true, stderr: true });
    assert.equal(merged?.mergeStderr, true);
  });

  it("refuses what it does not have instead of guessing", () => {
    for (const line of ["a | b", "a > file", "a &", "echo 'open"]) {
      assert.throws(() => parseLine(line), ShellSyntaxError, line);
    }
  });
});
