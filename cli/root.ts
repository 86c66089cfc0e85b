import { join } from "node:path";

/** The folder of this clone. */
export const repository = join(__dirname, "..");
