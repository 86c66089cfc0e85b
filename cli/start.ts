/** `npm start`: the virtual data centre up, and the cluster of stack `lab` provisioned in it. */
import { prepareEngine } from "./engine";
import { LAB_STACK } from "./environment";
import { runLab } from "./lab-command";
import { clearPendingCreates } from "./pending";
import { main, takeOver } from "./process";

async function start(): Promise<number> {
  const engine = await prepareEngine(LAB_STACK);
  const lab = await runLab(["start"]);
  if (lab !== 0) return lab;
  const select = await takeOver(engine.path, ["stack", "select", "--create", LAB_STACK], engine);
  if (select !== 0) return select;
  await clearPendingCreates(engine);
  return takeOver(engine.path, ["up", "--yes", "--stack", LAB_STACK, "--policy-pack", "policies"], engine);
}

main(start);
