import assert from "node:assert/strict";
import fc from "fast-check";
import { unverifiedBmcs } from "../../model/bmc";
import { contains, formatAddress, parseAddress, parseNetwork, parseRange } from "../../model/ipv4";
import { didYouMean, editDistance, nearest } from "../../model/nearest";
import { describeProblem, errorsOf, propertyPath } from "../../model/problem";
import { edited, validDescription } from "./description";
import { holds } from "./property";

describe("IPv4", () => {
  const addresses = fc.nat(2 ** 32 - 1);

  it("reads back what it writes", () => {
    holds(fc.property(addresses, (address) => assert.equal(parseAddress(formatAddress(address)), address)));
  });

  it("takes four decimal parts and nothing else", () => {
    for (const text of ["1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "::1", ""])
      assert.equal(parseAddress(text), undefined);
  });

  it("finds each address of a network and none outside", () => {
    holds(
      fc.property(addresses, fc.nat(32), addresses, (base, prefix, other) => {
        const network = parseNetwork(`${formatAddress(base)}/${prefix}`)!;
        assert.ok(contains(network, base));
        const same = prefix === 0 || base >>> (32 - prefix) === other >>> (32 - prefix);
        assert.equal(contains(network, other), same);
        assert.equal(
          network.mask
            .split(".")
            .reduce((bits, part) => bits + Number(part).toString(2).replace(/0/g, "").length, 0),
          prefix,
        );
      }),
    );
  });

  it("reads ranges that go upwards", () => {
    assert.deepEqual(parseRange("0.0.0.1-0.0.1.0"), { first: 1, last: 256 });
    assert.equal(parseRange("0.0.0.2-0.0.0.1"), undefined);
    assert.equal(parseRange("0.0.0.1-0.0.0.2-0.0.0.3"), undefined);
  });
});

describe("did you mean", () => {
  it("knows slips of the pen", () => {
    assert.equal(nearest("adress", ["address", "mode"]), "address");
    assert.equal(nearest("dns_nameservers", ["dnsNameservers", "gateway"]), "dnsNameservers");
    assert.equal(nearest("hsotname", ["hostname", "role"]), "hostname");
    assert.equal(nearest("banana", ["address", "mode"]), undefined);
    assert.equal(didYouMean("banana", ["mode"]), "");
  });

  it("measures a distance", () => {
    const words = fc.string({ maxLength: 8 });
    holds(
      fc.property(words, words, (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      }),
    );
  });
});

describe("problems", () => {
  it("name properties as Pulumi does", () => {
    assert.equal(propertyPath(propertyPath(propertyPath("", "nodes"), "n1"), 0), "nodes.n1[0]");
    assert.equal(propertyPath("labels", "a.b/c"), 'labels["a.b/c"]');
  });

  it("are told in one line, and only errors stop", () => {
    const error = {
      property: "vip.address",
      rule: "vip-address",
      severity: "error" as const,
      message: "is wrong.",
    };
    assert.equal(describeProblem(error), "vip.address: is wrong. (vip-address)");
    assert.deepEqual(errorsOf([error, { ...error, severity: "warning" }]), [error]);
  });
});

describe("unverifiedBmcs", () => {
  it("finds BMCs without TLS and those that accept any certificate", () => {
    const cluster = edited({
      "nodes.n1.bmc.endpoint": "http://u:p@10.0.0.21",
      "nodes.n3.bmc.tls": { insecure: true },
    });
    assert.deepEqual(unverifiedBmcs(cluster as never), [
      { node: "n1", endpoint: "http://10.0.0.21", why: "clear-text" },
      { node: "n3", endpoint: "https://10.0.0.23", why: "any-certificate" },
    ]);
    assert.deepEqual(unverifiedBmcs(validDescription()), []);
  });
});
