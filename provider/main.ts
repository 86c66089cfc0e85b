/** The `metal` provider: its resources, served to the engine. */
import { version } from "../package.json";
import { resources } from "./resources/index";
import { serve } from "./shell/serve";

void serve({ resources, version, argv: process.argv.slice(2) });
