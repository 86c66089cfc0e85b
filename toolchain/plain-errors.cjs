/**
 * Loaded before a Pulumi program (nodeargs in Pulumi.yaml). Node.js 20 loops until a string is full, for a quarter of a minute, when
 * it prints an error in colour whose stack names a file directly in a scope's folder (node:internal/util/inspect, markNodeModules).
 * The SDK's source maps name such files (node_modules/@pulumi/config.ts), and the SDK prints errors in colour (cmd/run/error.js):
 * a missing configuration value would cost half a minute. Errors are therefore printed without colour, which the engine adds anyway.
 */
const util = require("node:util");

util.inspect = new Proxy(util.inspect, {
  apply: (inspect, self, [value, options, ...rest]) =>
    util.types.isNativeError(value) && options?.colors
      ? Reflect.apply(inspect, self, [value, { ...options, colors: false }])
      : Reflect.apply(inspect, self, [value, options, ...rest]),
});
