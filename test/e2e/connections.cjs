// Loaded into every Node.js process of a run of pulumi: writes down where the provider connects to, one address a line.
const { appendFileSync } = require("node:fs");
const dgram = require("node:dgram");
const net = require("node:net");

if (/[/\\]provider[/\\]/.test(process.argv[1] ?? "")) {
  const record = (address) => appendFileSync(process.env.PROVIDER_CONNECTIONS, `${address}\n`);
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [options] = Array.isArray(args[0]) ? args[0] : args;
    if (typeof options !== "object") record(typeof options === "number" ? `${args[1]}:${options}` : "pipe");
    else if (options.path === undefined) record(`${options.host ?? "localhost"}:${options.port}`);
    return connect.apply(this, args);
  };
  const { send } = dgram.Socket.prototype;
  dgram.Socket.prototype.send = function (...args) {
    record("udp");
    return send.apply(this, args);
  };
}
