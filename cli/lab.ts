/** `npm run lab -- <verb>`: the virtual data centre's own commands. */
import { installToolchain } from "../toolchain/toolchain";
import { runLab } from "./lab-command";
import { main } from "./process";
import { repository } from "./root";

main(async () => {
  await installToolchain(repository);
  return runLab(process.argv.slice(2));
});
