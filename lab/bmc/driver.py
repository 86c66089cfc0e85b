"""A sushy-tools driver whose systems live in the lab daemon: every read asks it, every write is done by it before the answer goes out."""

import http.client
import json
import socket

import flask
from sushy_tools import error
from sushy_tools.emulator.resources.systems.base import AbstractSystemsDriver


class RedfishError(error.FishyError):
    """An error as a BMC words it, with the message's identity in the registry and the property that it is about."""

    def __init__(self, code, message_id, message, related=None):
        super().__init__(message, code)
        self.message_id = message_id
        self.related = related


class _UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class LabDriver(AbstractSystemsDriver):
    """The systems of the site; a request sees only the one whose BMC received it."""

    def __init__(self, machines, daemon_socket):
        self._by_uuid = {machine["uuid"]: machine for machine in machines}
        self._socket = daemon_socket

    @property
    def driver(self):
        return "<lab>"

    @property
    def systems(self):
        return [flask.request.environ["lab.uuid"]]

    def own(self, identity):
        """The machine as it was delivered."""
        if identity != flask.request.environ["lab.uuid"]:
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no system {identity} behind this BMC.")
        return self._by_uuid[identity]

    def state(self, identity):
        """Power, boot override and settings, as the daemon has them now."""
        return self._call("GET", "/bmc/" + self.own(identity)["name"])

    def hardware(self, identity):
        """The machine as it is now. The system's identity stays what it was when its UUID is another."""
        return self.state(identity)["hardware"]

    def line(self, name):
        """What is wrong with the way to a BMC, and with its answers; see lab/bmc/line.ts."""
        return self._call("GET", "/bmc-line/" + name)

    def change(self, identity, changes):
        self._call("PATCH", "/bmc/" + self.own(identity)["name"], changes)

    def set_power_state(self, identity, state):
        self._call("POST", "/bmc/" + self.own(identity)["name"], {"type": state})

    def _call(self, method, path, body=None):
        connection = _UnixConnection("lab", timeout=30)
        connection.path = self._socket
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException) as failure:
            raise RedfishError(503, "ServiceTemporarilyUnavailable",
                               f"The lab daemon does not answer: {failure}") from failure
        finally:
            connection.close()
        if answer.status >= 400:
            raise RedfishError(answer.status, content.get("messageId", "GeneralError"), content.get("message", "failed"))
        return content

    # What follows is what stock sushy-tools asks a driver for; the routes of our own ask `hardware` and `state` instead.

    def uuid(self, identity):
        """What stock sushy-tools finds a system's controllers by. It stays, also where a board reports another UUID."""
        return self.own(identity)["uuid"]

    def name(self, identity):
        return self.hardware(identity)["name"]

    def get_power_state(self, identity):
        return self.state(identity)["power"]

    def get_boot_device(self, identity):
        return self.state(identity)["boot"]["target"]

    def set_boot_device(self, identity, boot_source):
        self.change(identity, {"boot": {"target": boot_source}})

    def get_nics(self, identity):
        return [{"id": nic["name"], **nic} for nic in self.hardware(identity)["nics"]]
