/** `npm stop`: takes the lab down; its machines' disks and the stack's state are kept, so `npm start` goes on where this stopped. */
import { runLab } from "./lab-command";
import { main } from "./process";

main(() => runLab(["stop"]));
