"""Pods. Models pkg/registry/core/pod and the pod parts of pkg/apis/core and pkg/printers."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource
from cluster_core.kinds.binding import bind
from cluster_core.kinds.eviction import evict
from cluster_core.kinds.pod_cells import COLUMNS
from cluster_core.kinds.pod_parts import prepare_ephemeral, prepare_resize, validate_ephemeral, validate_resize
from cluster_core.kinds.pod_strategy import prepare_create, prepare_status, prepare_update, with_pod_ips
from cluster_core.kinds.pod_update_validation import validate_status, validate_update
from cluster_core.kinds.pod_validation import validate
from cluster_core.kinds.pod_warnings import app_armor_warnings, pod_warnings
from cluster_core.kinds.podspec_defaults import default_own_spec, without_init_annotations
from cluster_core.machinery.typed import Obj


def default(pod: Obj) -> Obj:
    result = {**pod, "spec": _in_time(default_own_spec(pod.get("spec") or {}))}
    if "metadata" in pod:
        result["metadata"] = without_init_annotations(pod["metadata"])
    if pod.get("status"):
        result["status"] = with_pod_ips(pod["status"])
    return result


def _in_time(spec: Obj) -> Obj:
    """Conversion makes a second of a negative grace period."""
    return {**spec, "terminationGracePeriodSeconds": 1} if spec.get("terminationGracePeriodSeconds", 0) < 0 else spec


def graceful(pod: Obj, asked: int | None) -> int:
    """Seconds to terminate: none for a pod that never reached a node or has ended."""
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    if asked is not None:
        return asked if asked >= 0 else 1
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
        "status.podIP": next((one.get("ip", "") for one in status.get("podIPs") or ()), ""),
        "status.podIPs": "",  # may be named, but is not filled in
        "status.nominatedNodeName": status.get("nominatedNodeName", ""),
    }


KIND = Kind(
    "Pod",
    plural="pods",
    short=("po",),
    categories=("all",),
    default=default,
    validate=validate,
    checks_metadata_whole=1,
    validate_update=validate_update,
    validate_status=validate_status,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    prepare_status=prepare_status,
    fields=fields,
    early_warnings=app_armor_warnings,
    warnings=pod_warnings,
    columns=COLUMNS,
    status=True,
    status_resets=(("deletionTimestamp",), ("ownerReferences",)),
    generation=True,
    graceful=graceful,
    returns_deleted=True,
    subresources=(
        Subresource("attach", ("create", "get"), "PodAttachOptions"),
        Subresource("binding", ("create",), "Binding", call=lambda context, pod, body: bind(context, body or {})),
        Subresource(
            "ephemeralcontainers",
            ("get", "patch", "update"),
            "Pod",
            prepare=prepare_ephemeral,
            validate=validate_ephemeral,
        ),
        Subresource(
            "eviction", ("create",), "Eviction", "policy", call=lambda context, pod, body: evict(context, body or {})
        ),
        Subresource("exec", ("create", "get"), "PodExecOptions"),
        Subresource("log", ("get",), "Pod"),
        Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
        Subresource("proxy", ("create", "delete", "get", "patch", "update"), "PodProxyOptions"),
        Subresource("resize", ("get", "patch", "update"), "Pod", prepare=prepare_resize, validate=validate_resize),
    ),
)
