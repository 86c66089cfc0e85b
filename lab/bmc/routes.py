"""Routes of our own where stock sushy-tools stops short: the system's writable properties, drives, sessions, errors, the request log."""

import base64
import collections
import hmac
import json
import secrets
import threading
import time
from datetime import datetime, timezone

import flask

from driver import RedfishError

TARGETS = ["None", "Pxe", "UefiHttp", "Hdd", "Cd"]
ENABLED = ["Disabled", "Once", "Continuous"]
RESETS = ["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PushPowerButton"]
POLICIES = ["AlwaysOn", "AlwaysOff", "LastState"]
SERVICE = "/redfish/v1/SessionService"
SESSIONS = SERVICE + "/Sessions"
# sushy-tools answers these with constants, or from files of its own below /tmp. A BMC without them says 404.
ABSENT = {"Chassis", "Registries", "CertificateService", "UpdateService", "TaskService", "VirtualMedia", "SimpleStorage",
          "SecureBoot", "BIOS", "Bios", "Memory"}

_sessions, _seen, _lock = {}, collections.Counter(), threading.Lock()
# A client that waits longer than this for an answer that does not come waits for ever.
LOST_SECONDS = 120


def install(app, driver, options):
    """Puts the routes into sushy-tools' application."""
    stock = dict(app.view_functions)

    @app.before_request
    def trouble():
        machine = flask.request.environ["lab.machine"]
        flask.g.line = driver.line(machine)
        with _lock:
            _seen[machine] += 1
            refused = _seen[machine] % flask.g.line.get("busy", 1) != 0
        if refused:
            raise RedfishError(503, "ServiceTemporarilyUnavailable", "The service is temporarily unavailable. Retry in 1 seconds.")

    @app.before_request
    def authenticate():
        path, token = flask.request.path.rstrip("/"), flask.request.headers.get("X-Auth-Token")
        if path in ("/redfish", "/redfish/v1") or (path == SESSIONS and flask.request.method == "POST"):
            return
        if token is not None and token not in _live_sessions():
            raise RedfishError(401, "NoValidSession", "There is no valid session established with this token.")
        if token is None and not _right(*_basic(flask.request.headers.get("Authorization", "")), options):
            raise RedfishError(401, "NoValidSession", "The user name or password is wrong or missing.")
        if token is not None:
            _use(token, flask.g.line.get("sessionRequests"))
        if any(part in ABSENT for part in path.split("/")):
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no {path}.")

    @app.after_request
    def lose(answer):  # the last thing that is done: the request is in the log by then
        if flask.request.method not in ("GET", "HEAD") and not flask.request.path.startswith(SERVICE):
            deadline = time.monotonic() + LOST_SECONDS
            while driver.line(flask.request.environ["lab.machine"])["answerLost"] and time.monotonic() < deadline:
                time.sleep(0.2)
        return answer

    @app.after_request
    def log(answer):
        line = {"time": datetime.now(timezone.utc).isoformat(), "machine": flask.request.environ["lab.machine"],
                "method": flask.request.method, "path": flask.request.path, "status": answer.status_code}
        with _lock, open(options["requestLog"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return answer

    @app.errorhandler(Exception)
    def failure(problem):
        code = getattr(problem, "code", None) or 500
        if code == 500:
            app.logger.exception("unexpected")
        message_id = f"Base.1.8.{getattr(problem, 'message_id', 'GeneralError')}"
        info = {"@odata.type": "#Message.v1_1_1.Message", "MessageId": message_id, "Message": str(problem),
                "Severity": "Critical", "Resolution": "Correct the request and send it again."}
        if getattr(problem, "related", None) is not None:
            info["RelatedProperties"] = [problem.related]
        headers = {401: {"WWW-Authenticate": 'Basic realm="BMC"'}, 503: {"Retry-After": "1"}}.get(code, {})
        return {"error": {"code": message_id, "message": str(problem), "@Message.ExtendedInfo": [info]}}, code, headers

    def root_resource():
        return {**_without_absent(stock["root_resource"]()), "Vendor": "Harvester Lab", "UUID": flask.request.environ["lab.uuid"],
                "Product": "BMC stand-in (sushy-tools)", "SessionService": _link(SERVICE), "Links": {"Sessions": _link(SESSIONS)}}

    def system_resource(identity):
        if flask.request.method == "PATCH":
            driver.change(identity, _changes(driver.hardware(identity), _body()))
            return "", 204
        body, state = _without_absent(stock["system_resource"](identity)), driver.state(identity)
        machine = state["hardware"]
        body.update({
            "UUID": machine["uuid"], "Manufacturer": machine["manufacturer"], "Model": machine["model"], "SerialNumber": machine["serial"],
            "BiosVersion": machine["biosVersion"], "HostName": state["hostName"], "AssetTag": state["assetTag"],
            "PowerRestorePolicy": state["powerRestorePolicy"],
            "PowerRestorePolicy@Redfish.AllowableValues": POLICIES,
            "Boot": {"BootSourceOverrideEnabled": state["boot"]["enabled"], "BootSourceOverrideTarget": state["boot"]["target"],
                     "BootSourceOverrideMode": machine["bootMode"], "HttpBootUri": state["boot"]["httpBootUri"],
                     "BootSourceOverrideEnabled@Redfish.AllowableValues": ENABLED,
                     "BootSourceOverrideTarget@Redfish.AllowableValues": TARGETS}})
        body["ProcessorSummary"].update(Count=1, CoreCount=machine["cores"], LogicalProcessorCount=machine["cores"],
                                        Model=machine["cpuModel"])
        body["MemorySummary"]["TotalSystemMemoryGiB"] = machine["memoryGiB"]
        body["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] = RESETS
        return body

    def system_reset_action(identity):
        driver.set_power_state(identity, _one_of(_body().get("ResetType"), RESETS, "#/ResetType", "ActionParameterValueNotInList"))
        return "", 204

    def ethernet_interface(identity, nic_id):
        body = json.loads(stock["ethernet_interface"](identity, nic_id).get_data())
        nic = next(nic for nic in driver.get_nics(identity) if nic["id"] == nic_id)
        link = "NoLink" if nic.get("down") else "LinkUp"
        return {**body, "SpeedMbps": nic["speedMbps"], "LinkStatus": link, "InterfaceEnabled": True}

    def drive_resource(identity, stg_id, drv_id):
        state = driver.state(identity)
        present = {disk["serial"]: disk for disk in state["hardware"]["disks"]}
        bays = driver.own(identity)["disks"]
        disk = next((present.get(drv_id, d) for d in bays if d["serial"] == drv_id and d["protocol"] == stg_id), None)
        if disk is None:
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no drive {drv_id} at controller {stg_id}.")
        health = {**state["drives"][drv_id], **({} if drv_id in present else {"state": "Absent"})}
        return {"@odata.id": flask.request.path, "@odata.type": "#Drive.v1_4_0.Drive", "Id": drv_id, "Name": disk["model"],
                "Model": disk["model"], "SerialNumber": disk["serial"], "CapacityBytes": disk["bytes"], "MediaType": "SSD",
                "Protocol": disk["protocol"], "BlockSizeBytes": 512, "FailurePredicted": health["failurePredicted"],
                "PredictedMediaLifeLeftPercent": health["lifeLeftPercent"],
                "Status": {"State": health["state"], "Health": health["health"]}}

    def manager_resource(identity):
        if flask.request.method != "GET":
            raise RedfishError(405, "OperationNotAllowed", "The manager has no writable properties.")
        body = _without_absent(stock["manager_resource"](identity))
        return {**body, "Description": "BMC stand-in (sushy-tools)", "Model": "Harvester Lab BMC"}

    for view in (root_resource, system_resource, system_reset_action, ethernet_interface, drive_resource, manager_resource):
        assert view.__name__ in stock, f"sushy-tools has no route {view.__name__} any more"
        app.view_functions[view.__name__] = view

    @app.get(SERVICE)
    def session_service():
        return {"@odata.id": SERVICE, "@odata.type": "#SessionService.v1_1_3.SessionService", "Id": "SessionService",
                "Name": "Session Service", "ServiceEnabled": True, "SessionTimeout": options["sessionSeconds"],
                "Sessions": _link(SESSIONS)}

    @app.post(SESSIONS)
    def create_session():
        given = _body()
        if not _right(given.get("UserName"), given.get("Password"), options):
            raise RedfishError(401, "NoValidSession", "The user name or password is wrong.")
        token, identity = secrets.token_hex(24), secrets.token_hex(8)
        with _lock:
            _sessions[token] = {"id": identity, "used": time.monotonic(), "requests": 0, "lifetime": options["sessionSeconds"],
                                "machine": flask.request.environ["lab.machine"]}
        body = {"@odata.id": f"{SESSIONS}/{identity}", "@odata.type": "#Session.v1_1_0.Session", "Id": identity,
                "Name": "User Session", "UserName": options["user"]}
        return body, 201, {"X-Auth-Token": token, "Location": body["@odata.id"]}

    @app.delete(SESSIONS + "/<identity>")
    def delete_session(identity):
        token = next((token for token, session in _live_sessions().items() if session["id"] == identity), None)
        if token is None:
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no session {identity}.")
        _sessions.pop(token, None)
        return "", 204


def storage_of(machines):
    """sushy-tools' configuration of storage controllers: one for SATA, one for NVMe, of each machine."""
    return {machine["uuid"]: [
        {"Id": protocol, "Name": protocol, "StorageControllers": [{"MemberId": "0", "Name": protocol, "SpeedGbps": 6}],
         "Drives": [disk["serial"] for disk in machine["disks"] if disk["protocol"] == protocol]}
        for protocol in sorted({disk["protocol"] for disk in machine["disks"]})] for machine in machines}


def _changes(machine, body):
    """The daemon's words for a PATCH of a system, or the error a BMC gives for it."""
    changes = {}
    for name, value in body.items():
        if name == "AssetTag":
            if not isinstance(value, str) or len(value) > 63:
                raise RedfishError(400, "PropertyValueFormatError", "AssetTag must be a text of at most 63 characters.", "#/AssetTag")
            changes["assetTag"] = value
        elif name == "PowerRestorePolicy":
            changes["powerRestorePolicy"] = _one_of(value, POLICIES, "#/PowerRestorePolicy")
        elif name == "Boot" and isinstance(value, dict):
            changes["boot"] = _boot(machine, value)
        else:
            raise RedfishError(400, "PropertyNotWritable", f"The property {name} is read only or unknown.", f"#/{name}")
    return changes


def _boot(machine, body):
    boot = {}
    for name, value in body.items():
        related = f"#/Boot/{name}"
        if name == "BootSourceOverrideEnabled":
            boot["enabled"] = _one_of(value, ENABLED, related)
        elif name == "BootSourceOverrideTarget":
            boot["target"] = _one_of(value, TARGETS, related)
        elif name == "BootSourceOverrideMode":
            _one_of(value, [machine["bootMode"]], related)
        elif name == "HttpBootUri":
            if not isinstance(value, str) or not (value == "" or value.startswith(("http://", "https://"))):
                raise RedfishError(400, "PropertyValueFormatError", "HttpBootUri must be an http or https URI.", related)
            boot["httpBootUri"] = value
        else:
            raise RedfishError(400, "PropertyNotWritable", f"The property Boot.{name} is read only or unknown.", related)
    return boot


def _one_of(value, allowed, related, message_id="PropertyValueNotInList"):
    if value not in allowed:
        raise RedfishError(400, message_id, f"{value!r} is not one of {', '.join(allowed)}.", related)
    return value


def _body():
    body = flask.request.get_json(silent=True, force=True)
    if isinstance(body, dict):
        return body
    raise RedfishError(400, "MalformedJSON", "The request's body is not a JSON object.")


def _link(path):
    return {"@odata.id": path}


def _without_absent(answer):
    body = {name: value for name, value in json.loads(answer.get_data()).items() if name not in ABSENT}
    body["Links"] = {name: value for name, value in body.get("Links", {}).items() if "Chassis" not in name}
    return body


def _basic(header):
    try:
        kind, value = header.split(" ", 1)
        user, password = base64.b64decode(value, validate=True).decode().split(":", 1)
        return (user, password) if kind.lower() == "basic" else (None, None)
    except ValueError:
        return None, None


def _right(user, password, options):
    with open(options["passwordFile"], encoding="utf-8") as file:
        expected = f"{options['user']}\n{file.read().strip()}"
    return hmac.compare_digest(f"{user}\n{password}".encode(), expected.encode())


def _use(token, most):
    """Counts a request of a session; the one after the last that it may live for finds it gone."""
    session = _sessions[token]
    session["requests"] += 1
    if most is not None and session["requests"] > most:
        _sessions.pop(token, None)
        raise RedfishError(401, "NoValidSession", "There is no valid session established with this token.")
    session["used"] = time.monotonic()


def _live_sessions():
    """Sessions of the BMC that received the request, by token; expired ones are forgotten."""
    machine, now = flask.request.environ["lab.machine"], time.monotonic()
    with _lock:
        for token in [t for t, s in _sessions.items() if now - s["used"] > s["lifetime"]]:
            del _sessions[token]
        return {t: s for t, s in _sessions.items() if s["machine"] == machine}
