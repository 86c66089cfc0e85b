"""The BMCs of the lab: a stand-in built on sushy-tools. Usage: server.py <options.json>, written by lab/bmc/bmc.ts.

One process, one HTTPS listener per machine on an address of its own."""

import json
import ssl
import sys
import threading
from types import SimpleNamespace

from sushy_tools.emulator import main
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

import routes
from driver import LabDriver


class QuietHandler(WSGIRequestHandler):
    """Has no log of its own: bmc-requests.jsonl is the log."""

    log, timeout = lambda *args: None, 30


class TlsServer(ThreadedWSGIServer):
    """Shakes hands in the request's thread, so that a silent client holds up nobody else."""

    def __init__(self, host, port, app, context):
        super().__init__(host, port, app, handler=QuietHandler)
        self.ssl_context = context

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(30)
        return self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        """A client that hangs up or does not trust the certificate is not an error of the BMC."""


def bound(app, machine):
    """The application as the BMC of one machine serves it."""
    own = {"lab.machine": machine["name"], "lab.uuid": machine["uuid"]}
    return lambda environ, start_response: app({**environ, **own}, start_response)


def run(options):
    machines = options["machines"]
    driver = LabDriver(machines, options["socket"])
    kind = type(main.app)
    kind.systems = property(lambda self: driver)
    # sushy-tools keeps the state of LEDs in a database below /tmp; these machines have none.
    kind.indicators = property(lambda self: SimpleNamespace(get_indicator_state=lambda identity: None))
    main.app.config["SUSHY_EMULATOR_STORAGE"] = routes.storage_of(machines)
    main.app.config["PROPAGATE_EXCEPTIONS"] = False
    routes.install(main.app, driver, options)
    servers = []
    for machine in machines:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(machine["certificate"], machine["key"])
        servers.append(TlsServer(machine["bmcAddress"], options["port"], bound(main.app, machine), context))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        run(json.load(file))
