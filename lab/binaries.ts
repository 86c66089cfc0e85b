import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { LabBinaries } from "./types";

/** Finds the programs of real control planes on a PATH. */
export function findBinaries(path = process.env.PATH ?? ""): LabBinaries {
  const find = (name: string): string => {
    for (const folder of path.split(delimiter)) {
      if (folder === "") continue;
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // The next folder.
      }
    }
    throw new Error(
      `lab: ${name} is not on PATH; control planes in the lab are real and need it. "npm run lab -- start" and "npm start" obtain it`,
    );
  };
  return { etcd: find("etcd"), kubeApiserver: find("kube-apiserver"), etcdctl: find("etcdctl") };
}
