import { killedAnywhere } from "./kill";

killedAnywhere("engine");
