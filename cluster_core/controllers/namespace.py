"""Empty namespaces that are going away, then let them go. Models pkg/controller/namespace/deletion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.typed import Obj

FINALIZER = "kubernetes"
_RETRY = 5.0
"""Seconds until it looks again at what has not gone yet; every removal in the namespace makes it look at once."""


def reconcile(context: Context, key: str) -> float | None:
    namespace = context.api.get("Namespace", "", key)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return None
    remaining = _delete_content(context, key)
    conditions = _conditions(context, remaining)
    if conditions != _essence(namespace):
        namespace = _write_conditions(context, namespace, conditions)
    if remaining:
        return _RETRY
    if FINALIZER in namespace.get("spec", {}).get("finalizers", ()):
        _finalize(context, namespace)
    return None


def _contents(context: Context, namespace: str) -> list[tuple[Kind, list[Obj]]]:
    api = context.api
    kinds = [kind for kind in api.server.kinds if kind.namespaced and kind.stored and "delete" in kind.verbs]
    found = ((kind, api.server.storage.list(kind, namespace)) for kind in kinds)
    return [(kind, objects) for kind, objects in found if objects]


def _delete_content(context: Context, namespace: str) -> list[tuple[Kind, list[Obj]]]:
    """Ask for the deletion of everything there; answers what is left, events aside from the waiting."""
    for kind, objects in _contents(context, namespace):
        for obj in objects:
            if "deletionTimestamp" not in obj["metadata"]:
                context.api.delete(kind.name, namespace, obj["metadata"]["name"], group=kind.group)
    return _contents(context, namespace)


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


def _conditions(context: Context, remaining: list[tuple[Kind, list[Obj]]]) -> Essence:
    conditions = [(type, "False", reason, message) for type, reason, message in _TYPES]
    if remaining:
        counts = sorted(f"{kind.resource}. has {len(objects)} resource instances" for kind, objects in remaining)
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
    name = obj["metadata"].get("namespace", "")
    if "deletionTimestamp" not in obj["metadata"]:
        return ()
    return (name,)


CONTROLLER = Controller("namespace", watches={"Namespace": itself, "Pod": _terminating}, reconcile=reconcile)
