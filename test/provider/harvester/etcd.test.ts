import assert from "node:assert/strict";
import { etcdMembers, membersOf, moveLeader, saveSnapshot } from "../../../provider/harvester/etcd";

/** As etcdctl prints them: ids are larger than JavaScript's numbers. */
const LIST =
  '{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"raft_term":4},"members":[' +
  '{"ID":10276657743932975437,"name":"n1-aaaa","peerURLs":["https://192.168.10.11:2380"]},' +
  '{"ID":10276657743932975438,"name":"n2-bbbb","peerURLs":["https://192.168.10.12:2380"]},' +
  '{"ID":9372538179322589801,"name":"n3-cccc","isLearner":true}]}';
const STATUS =
  '[{"Endpoint":"https://192.168.10.11:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437},' +
  '"leader":10276657743932975437}},{"Endpoint":"https://192.168.10.13:2379","Status":{"header":{"member_id":9372538179322589801},"leader":0}}]';

describe("etcd as etcdctl shows it", () => {
  it("tells members apart whose ids differ in the last digit, and who votes, answers and leads", () => {
    assert.deepEqual(membersOf(LIST, STATUS), [
      { id: "8e9e05c52164694d", name: "n1-aaaa", votes: true, answers: true, leads: true },
      { id: "8e9e05c52164694e", name: "n2-bbbb", votes: true, answers: false, leads: false },
      { id: "8211f1d0f64f3269", name: "n3-cccc", votes: false, answers: false, leads: false },
    ]);
  });

  it("takes what some members say where etcdctl ends with an error about others", async () => {
    const members = await etcdMembers(async (command) =>
      command.includes("member list")
        ? { code: 0, stdout: LIST, stderr: "" }
        : { code: 1, stdout: STATUS, stderr: "Failed to get the status of endpoint" },
    );
    assert.deepEqual(
      members.map(({ answers }) => answers),
      [true, false, false],
    );
  });

  it("takes nobody for well where nobody answers", async () => {
    const members = await etcdMembers(async (command) =>
      command.includes("member list")
        ? { code: 0, stdout: LIST, stderr: "" }
        : { code: 1, stdout: "", stderr: "context deadline exceeded" },
    );
    assert.ok(members.every(({ answers, leads }) => !answers && !leads));
  });

  it("says what a command said that failed", async () => {
    const shell = async () => ({
      code: 128,
      stdout: "",
      stderr: "no leader endpoint given at [https://127.0.0.1:2379]",
    });
    await assert.rejects(moveLeader(shell, "8e9e05c52164694e"), /ended with 128: no leader endpoint given/);
    await assert.rejects(saveSnapshot(shell, "before"), /etcd-snapshot save.* ended with 128/);
  });
});
