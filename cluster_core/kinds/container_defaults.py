"""Defaults of containers of every sort. Models the container parts of pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster_core.kinds.amounts import rounded_resources
from cluster_core.kinds.images import pull_policy
from cluster_core.machinery.typed import Obj

_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
_HTTP = {"path": "/", "scheme": "HTTP"}
_FIELD = {"apiVersion": "v1"}


def default_container(container: Obj) -> dict[str, Any]:
    """A container, init container or ephemeral container with its defaults."""
    result = {**_CONTAINER, **container}
    if "imagePullPolicy" not in result:
        result["imagePullPolicy"] = pull_policy(result.get("image", ""))
    if result["resources"]:
        result["resources"] = rounded_resources(result["resources"])
    for key, change in _PARTS.items():
        part = result.get(key)
        if part is not None:
            result[key] = change(part)
    return result


def _ports(ports: Sequence[Obj]) -> list[Obj]:
    return [port if "protocol" in port else {**port, "protocol": "TCP"} for port in ports]


def _probe(probe: Obj) -> Obj:
    result = {**_PROBE, **probe}
    if "httpGet" in result:
        result["httpGet"] = {**_HTTP, **result["httpGet"]}
    elif "grpc" in result:
        result["grpc"] = {**result["grpc"], "service": result["grpc"].get("service") or ""}
    return result


def _lifecycle(lifecycle: Obj) -> Obj:
    return {key: _handler(handler) if isinstance(handler, Mapping) else handler for key, handler in lifecycle.items()}


def _handler(handler: Obj) -> Obj:
    return {**handler, "httpGet": {**_HTTP, **handler["httpGet"]}} if "httpGet" in handler else handler


def _variables(variables: Sequence[Obj]) -> Sequence[Obj]:
    if not any("valueFrom" in variable for variable in variables):
        return variables
    return [_variable(variable) for variable in variables]


def _variable(variable: Obj) -> Obj:
    source = variable.get("valueFrom")
    if not source:
        return variable
    if "fieldRef" in source:
        source = with_field_version(source)
    if "fileKeyRef" in source:
        source = {**source, "fileKeyRef": {"optional": False, **source["fileKeyRef"]}}
    return {**variable, "valueFrom": source}


def with_field_version(source: Obj) -> Obj:
    """Something with a fieldRef, whose apiVersion is v1 unless it says otherwise."""
    return {**source, "fieldRef": {**_FIELD, **source["fieldRef"]}}


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "ports": _ports,
    "env": _variables,
    "livenessProbe": _probe,
    "readinessProbe": _probe,
    "startupProbe": _probe,
    "lifecycle": _lifecycle,
}
