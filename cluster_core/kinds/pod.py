"""Pods. Models pkg/registry/core/pod and the pod parts of pkg/apis/core and pkg/printers."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.client import bound
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.lifecycle import update
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.podspec_defaults import default_own_spec, without_init_annotations
from cluster_core.machinery.typed import Obj


def default(pod: Obj) -> Obj:
    result = {**pod, "spec": default_own_spec(pod.get("spec") or {})}
    if "metadata" in pod:
        result["metadata"] = without_init_annotations(pod["metadata"])
    return result


def prepare_create(pod: Obj) -> Obj:
    return {**pod, "status": {"phase": "Pending", "qosClass": qos_class(pod)}}


def qos_class(pod: Obj) -> str:
    """BestEffort without any cpu or memory request or limit, Guaranteed when every container limits both and requests
    just that, else Burstable. Models pkg/apis/core/v1/helper/qos."""
    containers = [*pod["spec"].get("containers", ()), *pod["spec"].get("initContainers", ())]
    resources = [container.get("resources", {}) for container in containers]
    if not any(_compute(part.get(key)) for part in resources for key in ("requests", "limits")):
        return "BestEffort"
    return "Guaranteed" if all(map(_guaranteed, resources)) else "Burstable"


def _compute(amounts: Obj | None) -> dict[str, Any]:
    return {name: amount for name, amount in (amounts or {}).items() if name in ("cpu", "memory") and amount != "0"}


def _guaranteed(resources: Obj) -> bool:
    limits, requests = _compute(resources.get("limits")), _compute(resources.get("requests"))
    return len(limits) == 2 and limits == requests


def graceful(pod: Obj, asked: int | None) -> int:
    """Seconds to terminate: none for a pod that never reached a node or has ended."""
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    if asked is not None:
        return max(asked, 0)
    return int(pod["spec"].get("terminationGracePeriodSeconds", 30))


def fields(pod: Obj) -> dict[str, str]:
    spec, status = pod["spec"], pod.get("status", {})
    return {
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.restartPolicy": spec.get("restartPolicy", ""),
        "spec.schedulerName": spec.get("schedulerName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
        "status.phase": status.get("phase", ""),
        "status.podIP": status.get("podIP", ""),
        "status.nominatedNodeName": status.get("nominatedNodeName", ""),
    }


# ------------------------------------------------------------------------------------------------ columns


def _ready(pod: Obj, now: int) -> str:
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return f"{sum(1 for status in statuses if status.get('ready'))}/{len(pod['spec'].get('containers', ()))}"


def _reason(pod: Obj, now: int) -> str:
    """The STATUS cell: the most telling of phase, container states and deletion."""
    status = pod.get("status", {})
    reason: str = status.get("reason") or status.get("phase", "")
    for container in status.get("containerStatuses", ()):
        state = container.get("state", {})
        for part in ("waiting", "terminated"):
            if state.get(part, {}).get("reason"):
                reason = state[part]["reason"]
    if "deletionTimestamp" in pod["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return reason


def _restarts(pod: Obj, now: int) -> str:
    return str(sum(status.get("restartCount", 0) for status in pod.get("status", {}).get("containerStatuses", ())))


def _gates(pod: Obj, now: int) -> str:
    gates = pod["spec"].get("readinessGates", ())
    if not gates:
        return "<none>"
    true = {part["type"] for part in pod["status"].get("conditions", ()) if part["status"] == "True"}
    return f"{sum(1 for gate in gates if gate['conditionType'] in true)}/{len(gates)}"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", _reason, description="The aggregate status of the containers in this pod."),
    Column("Restarts", _restarts, description="The number of times the containers in this pod have been restarted."),
    AGE,
    Column("IP", lambda pod, now: pod.get("status", {}).get("podIP") or "<none>", priority=1),
    Column("Node", lambda pod, now: pod["spec"].get("nodeName") or "<none>", priority=1),
    Column(
        "Nominated Node", lambda pod, now: pod.get("status", {}).get("nominatedNodeName") or "<none>", priority=1
    ),
    Column("Readiness Gates", _gates, priority=1),
)


def _bind(context: Context, pod: Obj, body: Obj | None) -> Obj:
    assert body is not None
    now = context.server.world.clock.timestamp()
    update(context, lambda old: bound(old, body["target"]["name"], now))
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


KIND = Kind(
    "Pod",
    plural="pods",
    short=("po",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    fields=fields,
    columns=COLUMNS,
    status=True,
    generation=True,
    graceful=graceful,
    returns_deleted=True,
    subresources=(
        Subresource("attach", ("create", "get"), "PodAttachOptions"),
        Subresource("binding", ("create",), "Binding", call=_bind),
        Subresource("ephemeralcontainers", ("get", "patch", "update"), "Pod"),
        Subresource("eviction", ("create",), "Eviction", "policy"),
        Subresource("exec", ("create", "get"), "PodExecOptions"),
        Subresource("log", ("get",), "Pod"),
        Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
        Subresource("proxy", ("create", "delete", "get", "patch", "update"), "PodProxyOptions"),
        Subresource("resize", ("get", "patch", "update"), "Pod"),
    ),
)
