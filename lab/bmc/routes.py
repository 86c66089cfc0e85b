"""Routes of our own where stock sushy-tools stops short: the system's writable properties, drives, sessions, errors, the request log."""

import base64
import binascii
import hmac
import json
import secrets
import threading
import time
from datetime import datetime, timezone

import flask
from sushy_tools.emulator import main
from werkzeug.exceptions import HTTPException

from driver import RedfishError

BOOT_TARGETS = ["None", "Pxe", "UefiHttp", "Hdd", "Cd"]
BOOT_ENABLED = ["Disabled", "Once", "Continuous"]
RESETS = ["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PushPowerButton"]
RESTORE_POLICIES = ["AlwaysOn", "AlwaysOff", "LastState"]
OPEN_PATHS = {"/redfish", "/redfish/v1"}
SESSIONS = "/redfish/v1/SessionService/Sessions"
# sushy-tools serves these from files of its own in /tmp, or as constants; a BMC without them says 404.
ABSENT = ("/VirtualMedia", "/SimpleStorage", "/SecureBoot", "/CertificateService", "/UpdateService", "/TaskService")

_sessions = {}
_lock = threading.Lock()


def install(app, driver, options):
    """Puts the routes into sushy-tools' application."""
    views = app.view_functions
    stock_system, stock_nic = views["system_resource"], views["ethernet_interface"]
    stock_root, stock_manager = views["root_resource"], views["manager_resource"]
    lifetime = options["sessionSeconds"]

    @app.before_request
    def authenticate():
        path = flask.request.path.rstrip("/")
        if path in OPEN_PATHS or (path == SESSIONS and flask.request.method == "POST"):
            return
        if any(part in path for part in ABSENT):
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no {path}.")
        token = flask.request.headers.get("X-Auth-Token")
        if token is not None:
            if _session_of(token) is None:
                raise RedfishError(401, "NoValidSession", "There is no valid session established with this token.")
        elif not _right(*_basic(flask.request.headers.get("Authorization", "")), options):
            raise RedfishError(401, "NoValidSession", "The user name or password is wrong or missing.")

    @app.after_request
    def log(answer):
        line = {"time": datetime.now(timezone.utc).isoformat(), "machine": flask.request.environ["lab.machine"],
                "method": flask.request.method, "path": flask.request.path, "status": answer.status_code}
        with _lock, open(options["requestLog"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        answer.headers["OData-Version"] = "4.0"
        return answer

    @app.errorhandler(Exception)
    def failure(problem):
        if isinstance(problem, RedfishError):
            code, message_id, related = problem.code, problem.message_id, problem.related
        else:
            code, message_id, related = getattr(problem, "code", 500), "GeneralError", None
            if code == 500 and not isinstance(problem, HTTPException):
                app.logger.exception("unexpected")
        info = {"@odata.type": "#Message.v1_1_1.Message", "MessageId": f"Base.1.8.{message_id}",
                "Message": str(problem), "Severity": "Critical", "Resolution": "Correct the request and send it again."}
        if related is not None:
            info["RelatedProperties"] = [related]
        body = {"error": {"code": f"Base.1.8.{message_id}", "message": str(problem), "@Message.ExtendedInfo": [info]}}
        headers = {"WWW-Authenticate": 'Basic realm="BMC"'} if code == 401 else {}
        return flask.Response(json.dumps(body), code, headers, content_type="application/json")

    def root_resource():
        body = json.loads(stock_root().get_data())
        for name in ("Registries", "CertificateService", "UpdateService"):
            body.pop(name, None)
        body.update(Vendor="Harvester Lab", Product="BMC stand-in (sushy-tools)", UUID=flask.request.environ["lab.uuid"],
                    SessionService={"@odata.id": "/redfish/v1/SessionService"},
                    Links={"Sessions": {"@odata.id": SESSIONS}})
        return body

    def system_resource(identity):
        if flask.request.method == "PATCH":
            driver.change(identity, _changes(driver.hardware(identity), _body()))
            return "", 204
        body, machine, state = json.loads(stock_system(identity).get_data()), driver.hardware(identity), driver.state(identity)
        for name in ("VirtualMedia", "SimpleStorage", "SecureBoot", "Memory", "IndicatorLED"):
            body.pop(name, None)
        body.update(Manufacturer=machine["manufacturer"], Model=machine["model"], SerialNumber=machine["serial"],
                    HostName=state["hostName"], AssetTag=state["assetTag"], PowerRestorePolicy=state["powerRestorePolicy"])
        body["PowerRestorePolicy@Redfish.AllowableValues"] = RESTORE_POLICIES
        body["ProcessorSummary"].update(Count=1, CoreCount=machine["cores"], LogicalProcessorCount=machine["cores"] * 2,
                                        Model=machine["cpuModel"])
        body["Boot"] = {
            "BootSourceOverrideEnabled": state["boot"]["enabled"], "BootSourceOverrideTarget": state["boot"]["target"],
            "BootSourceOverrideMode": machine["bootMode"], "HttpBootUri": state["boot"]["httpBootUri"],
            "BootSourceOverrideEnabled@Redfish.AllowableValues": BOOT_ENABLED,
            "BootSourceOverrideTarget@Redfish.AllowableValues": BOOT_TARGETS}
        body["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] = RESETS
        return body

    def system_reset_action(identity):
        kind = _body().get("ResetType")
        if kind not in RESETS:
            raise RedfishError(400, "ActionParameterValueNotInList", f"{kind!r} is not one of {', '.join(RESETS)}.",
                               "#/ResetType")
        driver.set_power_state(identity, kind)
        return "", 204

    def ethernet_interface(identity, nic_id):
        body = json.loads(stock_nic(identity, nic_id).get_data())
        nic = next(nic for nic in driver.get_nics(identity) if nic["id"] == nic_id)
        return {**body, "SpeedMbps": nic["speedMbps"], "LinkStatus": "LinkUp", "InterfaceEnabled": True}

    def drive_resource(identity, stg_id, drv_id):
        disks = driver.hardware(identity)["disks"]
        disk = next((d for d in disks if d["serial"] == drv_id and stg_id == _controller(d)), None)
        if disk is None:
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no drive {drv_id} at controller {stg_id}.")
        health = driver.state(identity)["drives"][disk["serial"]]
        return {"@odata.id": flask.request.path, "@odata.type": "#Drive.v1_4_0.Drive", "Id": drv_id, "Name": disk["model"],
                "Model": disk["model"], "SerialNumber": disk["serial"], "CapacityBytes": disk["bytes"], "MediaType": "SSD",
                "Protocol": disk["protocol"], "BlockSizeBytes": 512, "FailurePredicted": health["failurePredicted"],
                "PredictedMediaLifeLeftPercent": health["lifeLeftPercent"],
                "Status": {"State": health["state"], "Health": health["health"]}}

    def manager_resource(identity):
        if flask.request.method != "GET":
            raise RedfishError(405, "OperationNotAllowed", "The manager has no writable properties.")
        body = json.loads(stock_manager(identity).get_data())
        body.pop("VirtualMedia", None)
        return {**body, "Description": "BMC stand-in (sushy-tools)", "Model": "Harvester Lab BMC",
                "DateTime": datetime.now(timezone.utc).isoformat(timespec="seconds"), "DateTimeLocalOffset": "+00:00"}

    for view in (root_resource, system_resource, system_reset_action, ethernet_interface, drive_resource, manager_resource):
        assert view.__name__ in views, f"sushy-tools has no route {view.__name__} any more"
        views[view.__name__] = view

    @app.get("/redfish/v1/SessionService")
    def session_service():
        return {"@odata.id": "/redfish/v1/SessionService", "@odata.type": "#SessionService.v1_1_3.SessionService",
                "Id": "SessionService", "Name": "Session Service", "ServiceEnabled": True, "SessionTimeout": lifetime,
                "Sessions": {"@odata.id": SESSIONS}}

    @app.route(SESSIONS, methods=["GET", "POST"])
    def sessions():
        if flask.request.method == "GET":
            members = [{"@odata.id": f"{SESSIONS}/{s['id']}"} for s in _own_sessions()]
            return {"@odata.id": SESSIONS, "@odata.type": "#SessionCollection.SessionCollection", "Name": "Sessions",
                    "Members": members, "Members@odata.count": len(members)}
        given = _body()
        if not _right(given.get("UserName"), given.get("Password"), options):
            raise RedfishError(401, "NoValidSession", "The user name or password is wrong.")
        token, session = secrets.token_hex(24), {"id": secrets.token_hex(8), "used": time.monotonic(), "lifetime": lifetime,
                                                 "machine": flask.request.environ["lab.machine"]}
        with _lock:
            _sessions[token] = session
        body = {"@odata.id": f"{SESSIONS}/{session['id']}", "@odata.type": "#Session.v1_1_0.Session", "Id": session["id"],
                "Name": "User Session", "UserName": options["user"]}
        return body, 201, {"X-Auth-Token": token, "Location": f"{SESSIONS}/{session['id']}"}

    @app.route(SESSIONS + "/<identity>", methods=["GET", "DELETE"])
    def session_resource(identity):
        if identity not in [session["id"] for session in _own_sessions()]:
            raise RedfishError(404, "ResourceMissingAtURI", f"There is no session {identity}.")
        if flask.request.method == "DELETE":
            with _lock:
                for token in [t for t, s in _sessions.items() if s["id"] == identity]:
                    del _sessions[token]
            return "", 204
        return {"@odata.id": flask.request.path, "@odata.type": "#Session.v1_1_0.Session", "Id": identity,
                "Name": "User Session", "UserName": options["user"]}


def storage_of(machines):
    """sushy-tools' configuration of storage controllers: one for SATA, one for NVMe, of each machine."""
    controllers = {}
    for machine in machines:
        names = sorted({_controller(disk) for disk in machine["disks"]})
        controllers[machine["uuid"]] = [
            {"Id": name, "Name": name, "StorageControllers": [{"MemberId": "0", "Name": name, "SpeedGbps": 6}],
             "Drives": [d["serial"] for d in machine["disks"] if _controller(d) == name]} for name in names]
    return controllers


def _controller(disk):
    return disk["protocol"]


def _changes(machine, body):
    """The daemon's words for a PATCH of a system, or the error a BMC gives for it."""
    changes = {}
    for name, value in body.items():
        if name == "AssetTag":
            if not isinstance(value, str) or len(value) > 63:
                raise RedfishError(400, "PropertyValueFormatError", "AssetTag must be a text of at most 63 characters.", "#/AssetTag")
            changes["assetTag"] = value
        elif name == "PowerRestorePolicy":
            changes["powerRestorePolicy"] = _one_of(value, RESTORE_POLICIES, "#/PowerRestorePolicy")
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
            boot["enabled"] = _one_of(value, BOOT_ENABLED, related)
        elif name == "BootSourceOverrideTarget":
            boot["target"] = _one_of(value, BOOT_TARGETS, related)
        elif name == "BootSourceOverrideMode":
            _one_of(value, [machine["bootMode"]], related)
        elif name == "HttpBootUri":
            if not isinstance(value, str) or not (value == "" or value.startswith(("http://", "https://"))):
                raise RedfishError(400, "PropertyValueFormatError", "HttpBootUri must be an http or https URI.", related)
            boot["httpBootUri"] = value
        else:
            raise RedfishError(400, "PropertyNotWritable", f"The property Boot.{name} is read only or unknown.", related)
    return boot


def _one_of(value, allowed, related):
    if value not in allowed:
        raise RedfishError(400, "PropertyValueNotInList", f"{value!r} is not one of {', '.join(allowed)}.", related)
    return value


def _body():
    body = flask.request.get_json(silent=True)
    if not isinstance(body, dict):
        raise RedfishError(400, "MalformedJSON", "The request's body is not a JSON object.")
    return body


def _basic(header):
    try:
        kind, value = header.split(" ", 1)
        user, password = base64.b64decode(value, validate=True).decode().split(":", 1)
        return (user, password) if kind.lower() == "basic" else (None, None)
    except (ValueError, binascii.Error):
        return None, None


def _right(user, password, options):
    if not isinstance(user, str) or not isinstance(password, str):
        return False
    with open(options["passwordFile"], encoding="utf-8") as file:
        expected = file.read().strip()
    return hmac.compare_digest(f"{user}\n{password}".encode(), f"{options['user']}\n{expected}".encode())


def _own_sessions():
    machine, now = flask.request.environ["lab.machine"], time.monotonic()
    with _lock:
        for token in [t for t, s in _sessions.items() if now - s["used"] > s["lifetime"]]:
            del _sessions[token]
        return [s for s in _sessions.values() if s["machine"] == machine]


def _session_of(token):
    own = _own_sessions()
    session = _sessions.get(token)
    if session not in own:
        return None
    session["used"] = time.monotonic()
    return session
