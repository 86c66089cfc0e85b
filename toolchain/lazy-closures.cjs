/**
 * Loaded before a Pulumi program (nodeargs in Pulumi.yaml). The SDK loads the TypeScript compiler and npm's dependency resolver at every start, because
 * it can serialise functions (runtime/closure/parseFunction.js and codePaths.js). A program that describes a cluster never does, and those two are
 * more than half of the SDK. They are loaded where something of them is first used.
 */
const Module = require("node:module");

const LAZY = new Set(["typescript", "@npmcli/arborist"]);
const load = Module._load;

Module._load = function (request, parent, isMain) {
  const whole = () => load.call(this, request, parent, isMain);
  if (!LAZY.has(request) || !parent?.filename?.includes("/@pulumi/pulumi/")) return whole();
  // One that is missing is missed at once: the SDK then loads a compiler of its own.
  Module._resolveFilename(request, parent, isMain);
  return new Proxy(
    {},
    {
      // What a compiled `import *` asks first; with `true` it takes the module as it is, and looks no further.
      get: (_, name) => (name === "__esModule" ? true : whole()[name]),
    },
  );
};
