/**
 * Stand-in for the terraform-provider plugin (github.com/pulumi/pulumi-terraform-bridge, folder dynamic), which turns any
 * Terraform provider into a Pulumi package. This one knows only the part of harvester/harvester that is named in setting.ts.
 */
import { serve } from "../shell/serve";
import { terraformProviderPlugin } from "./harvester";

serve(terraformProviderPlugin());
