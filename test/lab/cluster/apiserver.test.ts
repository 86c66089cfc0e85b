import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { ApiServer } from "../../../lab/cluster/apiserver";
import {
  type ClusterAuthorities,
  createAuthorities,
  saveAuthorities,
} from "../../../lab/cluster/authorities";
import { NodeDisk } from "../../../lab/cluster/disk";
import { EtcdMember } from "../../../lab/cluster/etcd";
import { controlPlanePorts } from "../../../lab/cluster/ports";
import { acceptBootstrap, becomeVoter, joinEtcd } from "../../../lab/cluster/promotion";
import { eventually, TestSite } from "./support";

describe("the API server of a node that is being promoted", function () {
  this.timeout(90_000);
  let site: TestSite;
  let authorities: ClusterAuthorities;
  const { signal } = new AbortController();

  before(async () => {
    site = await TestSite.create();
    authorities = await createAuthorities();
  });

  after(() => site?.stop());

  /** A machine's disk and the control plane on it; nothing runs yet. */
  async function controlPlane(number: number) {
    const { context, system } = site.machine(number);
    const disk = new NodeDisk(system.root);
    const ports = await controlPlanePorts(disk, context.address);
    const { name: machine, address, dir } = context;
    const logFile = path.join(dir, "logs", "kube-apiserver.log");
    fs.mkdirSync(site.lab.auditDir, { recursive: true });
    const etcd = new EtcdMember(
      disk,
      authorities,
      {
        machine,
        address,
        clientPort: ports.etcdClient,
        peerPort: ports.etcdPeer,
        memberName: machine,
        logFile: path.join(dir, "logs", "etcd.log"),
      },
      site.lab,
    );
    const api = new ApiServer(
      disk,
      authorities,
      etcd,
      {
        machine,
        address,
        port: ports.apiServer,
        names: [],
        serviceCidr: "10.53.0.0/16",
        auditFile: path.join(site.lab.auditDir, `${machine}.log`),
        logFile,
      },
      site.lab,
    );
    return { disk, etcd, api, log: () => (fs.existsSync(logFile) ? fs.readFileSync(logFile, "utf8") : "") };
  }

  it("ends while its etcd member is a learner, and is started again until that votes", async () => {
    const creator = await controlPlane(1);
    saveAuthorities(creator.disk, authorities);
    await creator.etcd.start(`m1=${creator.etcd.peerUrl}`, "new");
    await creator.etcd.ready(signal);

    const { disk, etcd, api, log } = await controlPlane(2);
    acceptBootstrap(disk, { authorities, etcd: [creator.etcd.clientUrl] }, "a token for tests");
    await etcd.start(await joinEtcd(disk, etcd, signal), "existing");
    await etcd.ready(signal);
    assert.equal((await etcd.client.status()).learner, true);
    await api.start();
    await eventually("its end", async () => /"command failed" err=.*learner/.test(log()));

    await becomeVoter(disk, etcd, signal);
    await api.ready(signal, 60_000);
    await api.kill();
    await assert.rejects(api.healthy(), "an API server that was killed is not started again");
  });
});
