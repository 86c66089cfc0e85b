/** `npm start`: the virtual data centre up, and the cluster of stack `lab` provisioned in it. */
import { join } from "node:path";
import { prepareEngine } from "./engine";
import { LAB_STACK } from "./environment";
import { runLab } from "./lab-command";
import { clearPendingCreates } from "./pending";
import { main, takeOver } from "./process";
import { repository } from "./root";
import { summarise } from "./summary";

async function start(): Promise<number> {
  const engine = await prepareEngine(LAB_STACK);
  const lab = await runLab(["start"]);
  if (lab !== 0) return lab;
  const select = await takeOver(engine.path, ["stack", "select", "--create", LAB_STACK], engine);
  if (select !== 0) return select;
  await clearPendingCreates(engine);
  const up = ["up", "--yes", "--stack", LAB_STACK, "--policy-pack", "policies"];
  const result = await takeOver(engine.path, up, engine);
  if (result !== 0) return result;
  await summarise(engine, join(repository, ".lab"));
  return runLab(["timings"]);
}

main(start);
