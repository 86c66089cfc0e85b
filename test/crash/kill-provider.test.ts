import { killedAnywhere } from "./kill";

killedAnywhere("provider");
