import assert from "node:assert/strict";
import { type Assessment, assess, NO_MEMORY } from "../../../model/recovery";
import { but, DEAD, KUBELET_DEAD, OFF, SERVICES_DEAD, type Seen, story, WELL } from "./scenario";

const ON = { act: "power-on", result: "done" } as const;
const FAILED_ON = { act: "power-on", result: "failed" } as const;
const RESET = { act: "reset", result: "done" } as const;
const UNCORDON = { act: "uncordon", result: "done" } as const;
const SILENT_BMC = {
  power: null,
  health: null,
  installDisk: null,
  sameHost: null,
  bootsFromDisk: null,
} as const;
const LEASE = { leaseRenewed: "2026-03-01T07:59:00Z" };

/** What was seen, one look a minute, the threshold being 15 minutes; and what the node is taken for at the end. */
const TABLE: [what: string, seen: Seen[], state: Assessment["state"], says: RegExp][] = [
  // Well.
  ["a node that works", [[3, WELL]], "well", /^$/],
  ["its very first look", [[1, WELL]], "well", /^$/],
  ["BMC silent, node well", [[30, but(SILENT_BMC)]], "well", /BMC does not answer/],
  [
    "SSH silent, node well",
    [[30, but({ reachable: false, etcdAnswers: null })]],
    "well",
    /SSH does not answer/,
  ],
  [
    "install disk failing, node well",
    [[30, but({ installDisk: "failing" })]],
    "well",
    /install disk as failing/,
  ],
  ["health Critical, node well", [[30, but({ health: "Critical" })]], "well", /health as Critical/],
  ["cordoned by a person before anything failed", [[30, but({ cordoned: true })]], "well", /cordoned/],
  [
    "back after a restart",
    [
      [3, WELL],
      [4, DEAD],
      [3, WELL],
    ],
    "well",
    /^$/,
  ],
  ["a worker", [[3, but({ member: false, votes: null, etcdAnswers: null })]], "well", /^$/],

  // Hiccups.
  [
    "silent for a minute",
    [
      [3, WELL],
      [1, DEAD],
    ],
    "hiccup",
    /seen by 1 look over/,
  ],
  [
    "a slow restart",
    [
      [3, WELL],
      [14, DEAD],
    ],
    "hiccup",
    /seen by 14 looks/,
  ],
  [
    "first looked at long after it failed",
    [[2, but(DEAD, { readySince: "2026-02-28T00:00:00Z" })]],
    "hiccup",
    /2 looks/,
  ],
  [
    "off, and the cluster has not noticed",
    [
      [3, WELL],
      [1, but({ power: "Off" })],
    ],
    "hiccup",
    /has not noticed/,
  ],
  [
    "was Ready for a moment between two looks",
    [
      [3, WELL],
      [20, DEAD],
      [1, but(DEAD, { readySince: "2026-03-01T08:23:30Z" })],
    ],
    "hiccup",
    /over 30 s/,
  ],
  [
    "right after it was switched on",
    [[3, WELL], [16, OFF], ON, [5, DEAD]],
    "hiccup",
    /power-on was tried 5 min ago, and has 15 min to help/,
  ],
  [
    "right after its reset",
    [[3, WELL], [16, DEAD], RESET, [14, DEAD]],
    "hiccup",
    /reset was tried 14 min ago/,
  ],
  [
    "its power changes just now",
    [
      [3, WELL],
      [16, but(DEAD, { power: "changing" })],
    ],
    "hiccup",
    /changing/,
  ],
  [
    "back with the cordon of its failure, for a moment",
    [
      [3, WELL],
      [5, but(DEAD, { cordoned: true })],
      [3, but({ cordoned: true })],
    ],
    "hiccup",
    /still cordoned/,
  ],

  // Faults that something may mend.
  [
    "off for 16 minutes",
    [
      [3, WELL],
      [16, OFF],
    ],
    "repairable",
    /power-on: .*it is off/,
  ],
  [
    "dead for 16 minutes",
    [
      [3, WELL],
      [16, DEAD],
    ],
    "repairable",
    /reset: .*nothing on it answers/,
  ],
  [
    "dead, its BMC silent for a moment in between",
    [
      [3, WELL],
      [8, DEAD],
      [1, but(DEAD, SILENT_BMC)],
      [8, DEAD],
    ],
    "repairable",
    /reset/,
  ],
  [
    "dead, with a hint of a broken disk: a BMC may be wrong",
    [
      [3, WELL],
      [16, but(DEAD, { installDisk: "gone" })],
    ],
    "repairable",
    /reset/,
  ],
  ["switched on in vain", [[3, WELL], [16, OFF], ON, [16, DEAD]], "repairable", /reset/],
  [
    "kubelet dead, the rest lives",
    [
      [3, WELL],
      [16, KUBELET_DEAD],
    ],
    "repairable",
    /reset: .*operating system answers/,
  ],
  [
    "services dead, SSH answers",
    [
      [3, WELL],
      [16, SERVICES_DEAD],
    ],
    "repairable",
    /reset: .*operating system answers/,
  ],
  [
    "not Ready, and says so itself",
    [
      [3, WELL],
      [16, but({ ready: "False", reachable: false })],
    ],
    "repairable",
    /it is not Ready/,
  ],
  [
    "back for long with the cordon of its failure",
    [
      [3, WELL],
      [5, but(DEAD, { cordoned: true })],
      [16, but({ cordoned: true })],
    ],
    "repairable",
    /uncordon/,
  ],

  [
    "its BMC refused to switch it on, once",
    [[3, WELL], [16, OFF], FAILED_ON, [16, OFF]],
    "repairable",
    /power-on/,
  ],
  [
    "a pass was killed while it switched it on",
    [[3, WELL], [16, OFF], { act: "power-on", result: "begun" }, [16, OFF]],
    "repairable",
    /power-on/,
  ],
  [
    "its BMC refused to reset it, once",
    [[3, WELL], [16, DEAD], { act: "reset", result: "failed" }, [16, DEAD]],
    "repairable",
    /reset/,
  ],

  // Beyond repair.
  [
    "switched on and reset in vain",
    [[3, WELL], [16, OFF], ON, [16, DEAD], RESET, [16, DEAD]],
    "beyond-repair",
    /power-on and reset did not help/,
  ],
  ["reset in vain", [[3, WELL], [16, DEAD], RESET, [16, DEAD]], "beyond-repair", /reset did not help/],
  [
    "a pass was killed in its reset",
    [[3, WELL], [16, DEAD], { act: "reset", result: "begun" }, [16, DEAD]],
    "beyond-repair",
    /reset did not help/,
  ],
  [
    "switched on, and its disk is gone",
    [[3, WELL], [16, OFF], ON, [16, but(DEAD, { installDisk: "gone" })]],
    "beyond-repair",
    /install disk is gone/,
  ],
  [
    "does not switch on, tried twice",
    [[3, WELL], [16, OFF], FAILED_ON, [16, OFF], FAILED_ON, [16, OFF]],
    "beyond-repair",
    /does not switch on/,
  ],

  [
    "a pass was killed in its eviction, the machine being off by then",
    [[3, WELL], [16, DEAD], RESET, [16, DEAD], { act: "evict", result: "begun" }, [16, OFF]],
    "beyond-repair",
    /eviction was begun/,
  ],

  // Not certain: a person looks.
  [
    "in maintenance",
    [
      [3, WELL],
      [30, but(OFF, { maintenance: true })],
    ],
    "unknown",
    /maintenance/,
  ],
  [
    "switched off by a person, again after it was switched on",
    [[3, WELL], [16, OFF], ON, [3, DEAD], [16, OFF]],
    "unknown",
    /is off again.*maintenance/,
  ],
  [
    "switched off by a person once it was back",
    [[3, WELL], [16, OFF], ON, [20, WELL], [16, OFF]],
    "unknown",
    /failed again .* after the power-on/,
  ],
  [
    "back after a reset, and dead again",
    [[3, WELL], [16, DEAD], RESET, [60, WELL], [16, DEAD]],
    "unknown",
    /failed again .* after the reset/,
  ],
  [
    "BMC silent, node dead",
    [
      [3, WELL],
      [30, but(DEAD, SILENT_BMC)],
    ],
    "unknown",
    /whether it is off cannot be told/,
  ],
  [
    "BMC off but lease fresh",
    [
      [3, WELL],
      [2, but({ power: "Off" })],
    ],
    "unknown",
    /goes on reporting/,
  ],
  [
    "BMC off, not Ready, but lease fresh",
    [
      [3, WELL],
      [1, but(OFF, LEASE)],
      [1, but(OFF, { leaseRenewed: "2026-03-01T08:04:55Z" })],
    ],
    "unknown",
    /goes on reporting/,
  ],
  [
    "flapping",
    [
      [3, WELL],
      [4, DEAD],
      [2, WELL],
      [4, DEAD],
      [2, WELL],
      [16, DEAD],
    ],
    "unknown",
    /comes and goes \(3 failures/,
  ],
  [
    "kubelet works, etcd does not",
    [
      [3, WELL],
      [30, but({ etcdAnswers: false })],
    ],
    "unknown",
    /does not commit .*reinstall the node in place/,
  ],
  [
    "kubelet works, its member has no vote",
    [
      [3, WELL],
      [30, but({ votes: false })],
    ],
    "unknown",
    /does not vote/,
  ],
  [
    "alive, also after its reset",
    [[3, WELL], [16, SERVICES_DEAD], RESET, [16, SERVICES_DEAD]],
    "unknown",
    /also after a reset/,
  ],
  [
    "dead to the cluster, SSH could not be tried",
    [
      [3, WELL],
      [30, but(DEAD, { reachable: null })],
    ],
    "unknown",
    /could not be learnt/,
  ],
  ["another host at its BMC", [[30, but(DEAD, { sameHost: false })]], "unknown", /another host/],
  [
    "off, and about to be installed",
    [
      [3, WELL],
      [16, but(OFF, { bootsFromDisk: false })],
    ],
    "unknown",
    /about to install it/,
  ],
  ["not in the cluster", [[3, but({ registered: false })]], "unknown", /does not know it/],
  ["Ready without a sign of life", [[5, but(LEASE)]], "unknown", /kube-controller-manager/],
];

describe("what is wrong with a node, told from looks over time", () => {
  for (const [what, seen, state, says] of TABLE) {
    it(`${what}: ${state}`, () => {
      const { assessment } = story(...seen);
      assert.equal(assessment.state, state, JSON.stringify(assessment));
      const act = assessment.state === "repairable" ? `${assessment.act}: ` : "";
      const text = "why" in assessment ? act + assessment.why : assessment.remarks.join("; ");
      assert.match(text, says);
    });
  }

  it("a node that was never looked at is not known", () => {
    const policy = { failureThresholdMs: 1 };
    assert.equal(
      assess({ node: "n2", memory: NO_MEMORY, policy, now: "2026-03-01T08:00:00Z" }).state,
      "unknown",
    );
  });

  it("no single look, whatever it sees, is ever taken for a fault", () => {
    for (const look of [
      DEAD,
      OFF,
      KUBELET_DEAD,
      SERVICES_DEAD,
      but(DEAD, { installDisk: "gone", health: "Critical" }),
    ]) {
      const { assessment } = story([1, { ...look, readySince: "2026-01-01T00:00:00Z" }]);
      assert.equal(assessment.state, "hiccup", JSON.stringify(look));
    }
  });

  it("an uncordon does not follow another one: the cordon of a person stays", () => {
    const cordoned = but({ cordoned: true });
    const { assessment } = story(
      [3, WELL],
      [5, but(DEAD, { cordoned: true })],
      [16, cordoned],
      UNCORDON,
      [2, WELL],
      [30, cordoned],
    );
    assert.equal(assessment.state, "well");
  });
});
