import assert from "node:assert/strict";
import {
  judgedNodes,
  refuseUnjudgedInstallation,
  refuseUnjudgedLeaves,
} from "../../../provider/resources/plan/judged";
import { UNKNOWN } from "../../../provider/shell/resource";
import { clusterOf, withNodes } from "../../model/transition/cluster";

const cluster = withNodes(clusterOf("management management worker"), { n2: { reinstall: 1 } });
const judged = judgedNodes(cluster);

describe("what the plan has judged", () => {
  it("is every described node with its count of reinstallations", () => {
    assert.deepEqual(judged, { n1: 0, n2: 1, n3: 0 });
  });

  it("lets nothing else be installed", () => {
    refuseUnjudgedInstallation(judged, "n1", undefined);
    refuseUnjudgedInstallation(judged, "n2", 1);
    assert.throws(() => refuseUnjudgedInstallation(judged, "n2", 2), /under reinstall: 2.*whole stack/);
    assert.throws(
      () => refuseUnjudgedInstallation(judged, "n4", undefined),
      /not judged that it is installed at all/,
    );
  });

  it("lets nobody leave who is described in it", () => {
    refuseUnjudgedLeaves(judged, ["n4"]);
    assert.throws(() => refuseUnjudgedLeaves(judged, ["n4", "n3"]), /^Error: nodes\.n3: |nodes\.n3: /);
  });

  it("says nothing where it is not known", () => {
    refuseUnjudgedInstallation(undefined, "n4", 3);
    refuseUnjudgedInstallation({ n4: UNKNOWN as unknown as number }, "n4", 3);
    refuseUnjudgedLeaves(undefined, ["n3"]);
  });
});
