export * from "./artifacts";
export * from "./boot";
export * from "./configuration";
export * from "./render";
export { validateInstallConfiguration } from "./validate";
