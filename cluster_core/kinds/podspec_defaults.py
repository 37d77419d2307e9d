"""Defaults of a pod spec, wherever one stands: in a pod or in a template. Models pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.kinds.amounts import rounded, rounded_resources, with_missing
from cluster_core.kinds.container_defaults import default_container
from cluster_core.kinds.pod_level_resources import default_pod_level
from cluster_core.kinds.volume_defaults import default_volume
from cluster_core.machinery.typed import Obj

_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_INIT_ANNOTATIONS = frozenset(
    f"pod.{stage}.kubernetes.io/{what}"
    for stage in ("alpha", "beta")
    for what in ("init-containers", "init-container-statuses")
)
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def default_pod_spec(spec: Obj) -> dict[str, Any]:
    """The spec with every default that pods and templates share."""
    result = {**_SPEC, **spec}
    for key in _CONTAINERS:
        if result.get(key):
            result[key] = [default_container(container) for container in result[key]]
    if result.get("volumes"):
        result["volumes"] = [default_volume(volume) for volume in result["volumes"]]
    if result.get("overhead"):
        result["overhead"] = rounded(result["overhead"])
    if result.get("resources"):
        result["resources"] = rounded_resources(result["resources"])
    _name_service_account(result)
    return result


def _name_service_account(spec: dict[str, Any]) -> None:
    """serviceAccount is the old name of serviceAccountName; both are written."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def default_template(template: Obj) -> dict[str, Any]:
    """A pod template with its spec's defaults."""
    result = {**template, "spec": default_pod_spec(template.get("spec") or {})}
    if "metadata" in template:
        result["metadata"] = without_init_annotations(template["metadata"])
    return result


def default_template_of(spec: Obj) -> dict[str, Any]:
    """The spec of a workload with the defaults of its template."""
    return {**spec, "template": default_template(spec.get("template") or {})}


def without_init_annotations(metadata: Obj) -> Obj:
    """Init containers used to be annotations; those are dropped."""
    annotations = metadata.get("annotations")
    if not annotations or _INIT_ANNOTATIONS.isdisjoint(annotations):
        return metadata
    kept = {key: value for key, value in annotations.items() if key not in _INIT_ANNOTATIONS}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**rest, "annotations": kept} if kept else rest


def default_own_spec(spec: Obj) -> dict[str, Any]:
    """The spec of a pod: the shared defaults and those that templates do not get."""
    result = {"enableServiceLinks": True, **default_pod_spec(spec)}
    host_network = bool(result.get("hostNetwork"))
    for key in _CONTAINERS[:2]:
        if result.get(key):
            result[key] = [_requests(container) for container in result[key]]
            if host_network:
                result[key] = [_host_ports(container) for container in result[key]]
    if result.get("resources"):
        result["resources"] = default_pod_level(result)
    return result


def _requests(container: Mapping[str, Any]) -> Obj:
    """Limits without requests become requests."""
    resources = container["resources"]
    limits = resources.get("limits")
    if not limits or resources.get("requests", {}).keys() >= limits.keys():
        return container
    return {**container, "resources": {**resources, "requests": with_missing(resources.get("requests"), limits)}}


def _host_ports(container: Obj) -> Obj:
    """In the host's network a container port is a host port."""
    ports: Sequence[Obj] | None = container.get("ports")
    if not ports:
        return container
    return {**container, "ports": [_host_port(port) for port in ports]}


def _host_port(port: Obj) -> Obj:
    number = port.get("hostPort") or port.get("containerPort")
    return {**port, "hostPort": number} if number else port
