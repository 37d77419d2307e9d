"""Probes and lifecycle hooks of containers. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.kinds.checks import name, nonnegatives, port
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SCHEMES = ("HTTP", "HTTPS")
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_STOP_SIGNALS = {"windows": ("SIGKILL", "SIGTERM")}


def probes(errors: Errors, path: Path, container: Obj) -> None:
    """The three probes of a container that may have them."""
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(key)
        if probe is not None:
            _probe(errors, path / key, probe, key)


def _probe(errors: Errors, path: Path, probe: Obj, kind: str) -> None:
    handler(errors, path, probe)
    nonnegatives(errors, probe, path, *_NUMBERS)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        errors.append(invalid(path / "terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if kind == "readinessProbe":
        if grace is not None:
            detail = "must not be set for readinessProbes"
            errors.append(invalid(path / "terminationGracePeriodSeconds", grace, detail))
    elif probe.get("successThreshold") != 1:
        errors.append(invalid(path / "successThreshold", probe.get("successThreshold", 0), "must be 1"))


def lifecycle(errors: Errors, path: Path, hooks: Obj, grace: int | None, os: str | None) -> None:
    """`grace` is the pod's terminationGracePeriodSeconds, `os` the name of its operating system."""
    for key in ("postStart", "preStop"):
        if hooks.get(key) is not None:
            handler(errors, path / key, hooks[key], grace)
    if hooks.get("stopSignal") is not None:
        _stop_signal(errors, path / "stopSignal", hooks["stopSignal"], os)


def _stop_signal(errors: Errors, path: Path, signal: str, os: str | None) -> None:
    if os is None:
        errors.append(forbidden(path, "may not be set for containers with empty `spec.os.name`"))
    elif os in _STOP_SIGNALS and signal not in _STOP_SIGNALS[os]:
        errors.append(not_supported(path, signal, _STOP_SIGNALS[os]))


def handler(errors: Errors, path: Path, found: Obj, grace: int | None = None) -> None:
    """Exactly one way to ask or to act."""
    used = ""
    for key, check in _ACTIONS.items():
        action = found.get(key)
        if action is None:
            continue
        if used:
            errors.append(forbidden(path / key, "may not specify more than 1 handler type"))
        else:
            used = key
            check(errors, path / key, action)
    if found.get("sleep") is not None:
        if used:
            errors.append(forbidden(path / "sleep", "may not specify more than 1 handler type"))
        else:
            used = "sleep"
            _sleep(errors, path / "sleep", found["sleep"].get("seconds", 0), grace)
    if not used:
        errors.append(required(path, "must specify a handler type"))


def _exec(errors: Errors, path: Path, action: Obj) -> None:
    if not action.get("command"):
        errors.append(required(path / "command"))


def _http(errors: Errors, path: Path, action: Obj) -> None:
    if not action.get("path"):
        errors.append(required(path / "path"))
    _port(errors, path, action)
    if action.get("scheme", "") not in _SCHEMES:
        errors.append(not_supported(path / "scheme", action.get("scheme", ""), _SCHEMES))
    for header in action.get("httpHeaders") or ():
        name(errors, path / "httpHeaders", header.get("name", ""), names.http_header_name)


def _port(errors: Errors, path: Path, action: Obj) -> None:
    wanted = action.get("port")
    if not (wanted.__class__ is int and 1 <= wanted <= 65535):
        port(errors, path / "port", wanted)


def _sleep(errors: Errors, path: Path, seconds: int, grace: int | None) -> None:
    if grace is not None and not 0 <= seconds <= grace:
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        errors.append(invalid(path, seconds, detail))


_ACTIONS: dict[str, Callable[[Errors, Path, Obj], None]] = {
    "exec": _exec,
    "httpGet": _http,
    "tcpSocket": _port,
    "grpc": _port,
}
