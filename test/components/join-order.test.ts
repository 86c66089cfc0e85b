import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { joinOrder } from "../../components/join-order";
import type { Role } from "../../model/description";
import { validDescription } from "../model/description";

describe("the order in which nodes join", () => {
  const order = (...roles: Role[]) => {
    const description = validDescription(roles.length);
    for (const [index, role] of roles.entries()) description.nodes[`n${index + 1}`]!.role = role;
    return Object.fromEntries(
      joinOrder(description).map(({ key, after, atRest }) => [
        key,
        `${after.join("+")}${atRest ? " at rest" : ""}`,
      ]),
    );
  };

  it("lets those that are promoted in any case, and workers, follow the creator at once", () => {
    assert.deepEqual(order("management", "management", "management", "worker"), {
      n1: "",
      n2: "n1",
      n3: "n1",
      n4: "n1",
    });
  });

  it("holds back whoever could take another's seat until promotion rests", () => {
    assert.deepEqual(order("management", "management", "default", "witness"), {
      n1: "",
      n2: "n1",
      n4: "n1",
      n3: "n1+n2+n4 at rest",
    });
  });

  it("names every node once, the creator first", () => {
    const places = joinOrder(validDescription(5));
    assert.equal(places[0]!.key, "n1");
    assert.deepEqual(places.map(({ key }) => key).sort(), ["n1", "n2", "n3", "n4", "n5"]);
  });

  it("refuses a role that is not known when the program runs", () => {
    const description = validDescription(2);
    description.nodes.n2!.role = pulumi.output("worker") as unknown as Role;
    assert.throws(() => joinOrder(description), /nodes\.n2\.role is an output/);
  });
});
