"""The BMCs of the lab: a stand-in built on sushy-tools. Usage: server.py <options.json>, written by lab/bmc/bmc.ts.

One process, one HTTPS listener per machine on an address of its own."""

import functools
import json
import select
import socket
import ssl
import sys
import threading
import time
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

    def __init__(self, host, port, app, context, foreign, line):
        super().__init__(host, port, app, handler=QuietHandler)
        self.ssl_context, self.foreign, self.line = context, foreign, line

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(30)
        return connection, address

    def finish_request(self, request, client_address):
        line = self.line()
        while line["silent"] and not hung_up(request):
            time.sleep(0.2)
            line = {**self.line(), "was": True}
        if "was" in line:
            return
        context = self.foreign if line["foreign"] else self.ssl_context
        with context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request, client_address):
        """A client that hangs up or does not trust the certificate is not an error of the BMC."""


def hung_up(connection):
    """Whether the client has closed a connection on which nobody answers it."""
    readable = select.select([connection], [], [], 0)[0]
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""


def tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


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
        own, foreign = tls(machine["certificate"], machine["key"]), tls(machine["foreignCertificate"], machine["foreignKey"])
        line = functools.partial(driver.line, machine["name"])
        servers.append(TlsServer(machine["bmcAddress"], options["port"], bound(main.app, machine), own, foreign, line))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        run(json.load(file))
