/** Stand-in for the kubernetes plugin (github.com/pulumi/pulumi-kubernetes): any kind, without its many extras. */
import { serve } from "../shell/serve";
import { kubernetesPlugin } from "./kubernetes";

serve(kubernetesPlugin());
