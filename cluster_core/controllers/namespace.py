"""Empty namespaces that are going away, then let them go. Models pkg/controller/namespace/deletion."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.errors import NotFound
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

FINALIZER = "kubernetes"
_SOONEST, _LATEST = 1.0, 60.0
"""Seconds until it looks again at what has not gone yet: the longer, the longer it has waited. Removals of the kinds below
make it look at once."""
_HEARD = (
    "ConfigMap", "ControllerRevision", "CronJob", "DaemonSet", "Deployment", "Endpoints", "EndpointSlice",
    "HorizontalPodAutoscaler", "Ingress", "Job", "Lease", "LimitRange", "NetworkPolicy", "PersistentVolumeClaim",
    "Pod", "PodDisruptionBudget", "PodTemplate", "ReplicaSet", "ReplicationController", "ResourceClaim",
    "ResourceClaimTemplate", "ResourceQuota", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount",
    "StatefulSet",
)  # fmt: skip


def reconcile(context: Context, key: str) -> float | None:
    namespace = context.api.get("Namespace", "", key)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return None
    remaining, pods_first = _delete_content(context, key)
    conditions = _conditions([] if pods_first else remaining)
    if conditions != _essence(namespace):
        namespace = _write_conditions(context, namespace, conditions)
    if remaining:
        waited = context.world.clock.now - any_time(namespace["metadata"]["deletionTimestamp"])
        return min(max(_SOONEST, waited / SECOND / 2), _LATEST)
    if FINALIZER in namespace.get("spec", {}).get("finalizers", ()):
        _finalize(context, namespace)
    return None


def _contents(context: Context, namespace: str) -> list[tuple[Kind, list[Obj]]]:
    api = context.api
    kinds = [kind for kind in api.server.kinds if kind.namespaced and kind.stored and "delete" in kind.verbs]
    found = ((kind, api.server.storage.list(kind, namespace)) for kind in kinds)
    return [(kind, objects) for kind, objects in found if objects]


def _delete_content(context: Context, namespace: str) -> tuple[list[tuple[Kind, list[Obj]]], bool]:
    """Ask for the deletion of everything there, pods before the rest; answers what is left, and whether it is pods that
    the rest waits for."""
    pods = [(kind, objects) for kind, objects in _contents(context, namespace) if kind.name == "Pod" and not kind.group]
    if _delete_all(context, namespace, pods) and context.api.list("Pod", namespace):
        return [(kind, context.api.list("Pod", namespace)) for kind, _ in pods], True
    _delete_all(context, namespace, _contents(context, namespace))
    return _contents(context, namespace), False


def _delete_all(context: Context, namespace: str, contents: list[tuple[Kind, list[Obj]]]) -> bool:
    """Answers whether there was anything."""
    for kind, objects in contents:
        for obj in objects:
            metadata = obj["metadata"]
            if "deletionTimestamp" in metadata:
                continue
            with suppress(NotFound):  # the deletion of another has taken it along
                context.api.delete(kind.name, namespace, metadata["name"], group=kind.group)
    return bool(contents)


_TYPES: tuple[tuple[str, str, str], ...] = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
)

Essence = list[tuple[str, str, str, str]]
"""Conditions without their times: (type, status, reason, message)."""


def _conditions(remaining: list[tuple[Kind, list[Obj]]]) -> Essence:
    conditions = [(type, "False", reason, message) for type, reason, message in _TYPES]
    if remaining:
        counts = sorted(f"{kind.plural}.{kind.group} has {len(objects)} resource instances" for kind, objects in remaining)
        text = "Some resources are remaining: " + ", ".join(counts)
        conditions[3] = (_TYPES[3][0], "True", "SomeResourcesRemain", text)
    finalizers = _finalizers(remaining)
    if finalizers:
        counts = sorted(f"{name} in {count} resource instances" for name, count in finalizers.items())
        text = "Some content in the namespace has finalizers remaining: " + ", ".join(counts)
        conditions[4] = (_TYPES[4][0], "True", "SomeFinalizersRemain", text)
    return conditions


def _finalizers(remaining: list[tuple[Kind, list[Obj]]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, objects in remaining:
        for obj in objects:
            for name in obj["metadata"].get("finalizers", ()):
                found[name] = found.get(name, 0) + 1
    return found


def _essence(namespace: Obj) -> Essence:
    conditions = namespace.get("status", {}).get("conditions", ())
    return [(each["type"], each["status"], each.get("reason", ""), each.get("message", "")) for each in conditions]


def _write_conditions(context: Context, namespace: Obj, conditions: Essence) -> Obj:
    known = {each["type"]: each for each in namespace.get("status", {}).get("conditions", ())}
    now = context.world.clock.timestamp()
    written: list[dict[str, Any]] = []
    for type, status, reason, message in conditions:
        before = known.get(type, {})
        since = before["lastTransitionTime"] if before.get("status") == status else now
        written.append(
            {"type": type, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        )
    status_body = {**namespace.get("status", {}), "conditions": written}
    return context.api.update_status("Namespace", {**namespace, "status": status_body})


def _finalize(context: Context, namespace: Obj) -> None:
    finalizers = [name for name in namespace["spec"]["finalizers"] if name != FINALIZER]
    changed = {**namespace, "spec": {"finalizers": finalizers} if finalizers else {}}
    context.api.update("Namespace", changed, subresource="finalize")


def _terminating(context: Context, obj: Obj) -> Iterable[str]:
    """The namespace of something whose change may unblock a deletion."""
    if "deletionTimestamp" not in obj["metadata"]:
        return ()
    name = obj["metadata"]["namespace"]
    namespace = context.api.get("Namespace", "", name)
    return (name,) if namespace is not None and "deletionTimestamp" in namespace["metadata"] else ()


CONTROLLER = Controller(
    "namespace",
    watches={"Namespace": itself, **dict.fromkeys(_HEARD, _terminating)},
    reconcile=reconcile,
    periodic=True,
)
