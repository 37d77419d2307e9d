"""Defaults of a pod spec, wherever one stands: in a pod or in a template. Models pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.typed import Obj

_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
_VOLUME_MODES = ("configMap", "secret", "downwardAPI", "projected")


def with_defaults(defaults: Mapping[str, Any], obj: Obj) -> dict[str, Any]:
    """The object with the defaults it lacks."""
    return {**{key: value for key, value in defaults.items() if key not in obj}, **obj}


def default_pod_spec(spec: Obj) -> dict[str, Any]:
    """The spec with every default the API server would fill in."""
    result = with_defaults(_SPEC, spec)
    host_network = bool(result.get("hostNetwork"))
    for key in ("containers", "initContainers", "ephemeralContainers"):
        if result.get(key):
            result[key] = [_container(container, host_network) for container in result[key]]
    if result.get("volumes"):
        result["volumes"] = [_volume(volume) for volume in result["volumes"]]
    if result.get("serviceAccountName"):
        result["serviceAccount"] = result["serviceAccountName"]
    elif result.get("serviceAccount"):
        result["serviceAccountName"] = result["serviceAccount"]
    return result


def _container(container: Obj, host_network: bool) -> dict[str, Any]:
    result = with_defaults(_CONTAINER, container)
    result.setdefault("imagePullPolicy", pull_policy(result.get("image", "")))
    if result.get("ports"):
        result["ports"] = [_port(port, host_network) for port in result["ports"]]
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in result:
            result[key] = _probe(result[key])
    if "env" in result:
        result["env"] = [_env(variable) for variable in result["env"]]
    result["resources"] = _resources(result["resources"])
    return result


def pull_policy(image: str) -> str:
    """Always for :latest and for no tag at all, else IfNotPresent."""
    rest = image.rpartition("/")[2]
    if "@" in rest:
        return "IfNotPresent"
    tag = rest.rpartition(":")[2] if ":" in rest else "latest"
    return "Always" if tag == "latest" else "IfNotPresent"


def _port(port: Obj, host_network: bool) -> dict[str, Any]:
    result = with_defaults({"protocol": "TCP"}, port)
    if host_network and not result.get("hostPort"):
        result["hostPort"] = result["containerPort"]
    return result


def _probe(probe: Obj) -> dict[str, Any]:
    result = with_defaults(_PROBE, probe)
    if "httpGet" in result:
        result["httpGet"] = with_defaults({"path": "/", "scheme": "HTTP"}, result["httpGet"])
    return result


def _env(variable: Obj) -> Obj:
    source = variable.get("valueFrom")
    if not source or "fieldRef" not in source:
        return variable
    reference = with_defaults({"apiVersion": "v1"}, source["fieldRef"])
    return {**variable, "valueFrom": {**source, "fieldRef": reference}}


def _resources(resources: Obj) -> Obj:
    """Limits without requests become requests."""
    limits = resources.get("limits")
    if not limits:
        return resources
    return {**resources, "requests": {**limits, **resources.get("requests", {})}}


def _volume(volume: Obj) -> Obj:
    """Mode 0644 for files made from objects; a volume without any source is an emptyDir."""
    if len(volume) == 1:
        return {**volume, "emptyDir": {}}
    for key in _VOLUME_MODES:
        if key in volume:
            return {**volume, key: with_defaults({"defaultMode": 420}, volume[key])}
    return volume


def default_template(template: Obj) -> dict[str, Any]:
    """A pod template with its spec's defaults."""
    return {**template, "spec": default_pod_spec(template.get("spec", {}))}
