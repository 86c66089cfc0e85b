import assert from "node:assert/strict";
import { checkNet } from "../../lab/net";
import { siteHardware } from "../../lab/site";

describe("lab site", () => {
  it("is what the committed stack names", () => {
    const [m1] = siteHardware();
    assert.equal(m1?.uuid, "be3cb80a-24cb-4b92-8cbf-88d9f6651c85");
    assert.equal(m1?.serial, "HVL1001");
    assert.deepEqual([m1?.address, m1?.bmcAddress], ["127.77.0.11", "127.77.0.101"]);
    assert.deepEqual(
      m1?.disks.map(({ byId }) => byId[0]),
      ["/dev/disk/by-id/ata-LAB_SSD_480G_S4XLAB0001A", "/dev/disk/by-id/nvme-LAB_NVME_1T_P7NLAB0001B"],
    );
  });

  it("has five machines that share nothing", () => {
    const machines = siteHardware();
    assert.equal(machines.length, 5);
    const identities = machines.flatMap(({ uuid, serial, nics, disks, address, bmcAddress }) => [
      uuid,
      serial,
      address,
      bmcAddress,
      ...nics.map(({ mac }) => mac),
      ...disks.flatMap((disk) => [disk.serial, ...disk.byId]),
    ]);
    assert.equal(new Set(identities).size, identities.length);
    for (const { uuid } of machines)
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("keeps its hardware on another net and in another number", () => {
    const strip = ({ address: _, bmcAddress: __, ...rest }: ReturnType<typeof siteHardware>[number]) => rest;
    assert.deepEqual(siteHardware("127.88.3", 2).map(strip), siteHardware().slice(0, 2).map(strip));
    assert.equal(siteHardware("127.88.3", 2)[1]?.bmcAddress, "127.88.3.102");
    assert.throws(() => siteHardware("127.88.3", 0));
  });

  it("takes nets of loopback only", () => {
    checkNet("127.88.3");
    for (const net of ["10.0.0", "127.0.0", "127.1", "127.1.256", "127.a.b"])
      assert.throws(() => checkNet(net), net);
  });
});
