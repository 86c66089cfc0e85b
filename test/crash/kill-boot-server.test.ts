import { killedAnywhere } from "./kill";

killedAnywhere("boot server");
