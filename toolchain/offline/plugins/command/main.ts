/** Stand-in for the command plugin (github.com/pulumi/pulumi-command): commands here and on other machines. */
import { serve } from "../shell/serve";
import { commandPlugin } from "./command";

serve(commandPlugin());
