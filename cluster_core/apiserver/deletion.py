"""Deleting objects: at once, after some grace, or when their finalizers are done.

Models Delete of apiserver/pkg/registry/generic/registry/store.go and registry/rest/delete.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver import objectmeta
from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.machinery import errors
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time, timestamp
from cluster_core.machinery.typed import Obj

_KEEPERS = frozenset((("batch", "Job"), ("", "ReplicationController")))
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_KEPT_DEPENDENTS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


def delete(context: Context) -> tuple[Obj, bool]:
    """Delete the object the context names; options as metav1.DeleteOptions.

    Answers (the object, whether it is gone). It stays, terminating, while it has grace left or finalizers.
    """
    kind, server = context.kind, context.server
    obj = server.storage.get(kind, context.namespace, context.name)
    warn_of_orphans(context)
    if obj is None:
        raise errors.not_found(context.served.group, kind.plural, context.name)
    check_preconditions(kind, obj, context.options.get("preconditions") or {})
    server.admission.admit(Attributes("DELETE", context, None, obj))
    server.admission.validate(Attributes("DELETE", context, None, obj))
    return _gracefully(context, obj) if kind.graceful else _at_once(context, obj)


def check_preconditions(kind: Kind, obj: Obj, wanted: Mapping[str, Any]) -> None:
    """metav1.Preconditions. Raises Conflict."""
    metadata = obj["metadata"]
    for key, called, fate in _PRECONDITIONS:
        given, found = wanted.get(key), metadata[key]
        if given is None or given == found:
            continue
        if (kind.group, kind.name) in _CHECKED_FIRST:
            detail = f"Precondition failed: {called} in precondition: {given}, {called} in object meta: {found}"
            raise errors.conflict(kind.group, kind.plural, metadata["name"], detail)
        detail = f"the {called} in the precondition ({given}) does not match the {called} in record ({found}). The object might have been {fate}"
        raise errors.conflict(kind.group, kind.name, metadata["name"], detail)


_PRECONDITIONS = (("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified"))
_CHECKED_FIRST = frozenset((("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")))
"""Kinds whose storage looks at preconditions before the general one does."""


# ------------------------------------------------------------------------------------------------ with and without grace


def _at_once(context: Context, obj: Obj) -> tuple[Obj, bool]:
    kind = context.kind
    doomed = with_policy_finalizers(context, obj)
    if not kind.finalizers(doomed):
        return _remove(context, obj), True
    marked = doomed if _is_marked_now(context, doomed) else _begun(context, doomed, 0)
    return _store(context, marked, obj), False


def _is_marked_now(context: Context, obj: Obj) -> bool:
    metadata = obj["metadata"]
    begun = "deletionTimestamp" in metadata and any_time(metadata["deletionTimestamp"]) <= context.server.world.clock.now
    return begun and metadata.get("deletionGracePeriodSeconds") == 0


def _gracefully(context: Context, obj: Obj) -> tuple[Obj, bool]:
    kind = context.kind
    assert kind.graceful is not None
    grace = kind.graceful(obj, context.options.get("gracePeriodSeconds"))
    metadata = obj["metadata"]
    if "deletionTimestamp" in metadata and not _is_sooner(context, metadata, grace):
        return obj, False
    doomed = with_policy_finalizers(context, _begun(context, obj, grace))
    stored = _store(context, doomed, obj)
    if grace or kind.finalizers(stored):
        return stored, False
    return _remove(context, stored), True


def _is_sooner(context: Context, metadata: Mapping[str, Any], grace: int) -> bool:
    """Whether a delete of something terminating asks for less grace than it has."""
    pending = metadata.get("deletionGracePeriodSeconds")
    return pending is not None and context.options.get("gracePeriodSeconds") is not None and grace < pending


def _begun(context: Context, obj: Obj, grace: int) -> Obj:
    """The object with its deletion begun, or the one begun already brought forward."""
    metadata = obj["metadata"]
    now = context.server.world.clock.now
    changed = {**metadata, "deletionGracePeriodSeconds": grace}
    if "deletionTimestamp" in metadata and context.kind.graceful:
        began = any_time(metadata["deletionTimestamp"]) - metadata.get("deletionGracePeriodSeconds", 0) * SECOND
        changed["deletionTimestamp"] = timestamp(began + grace * SECOND)
    else:
        changed["deletionTimestamp"] = objectmeta.seconds_from(now, grace)
    if metadata.get("generation") and "deletionTimestamp" not in metadata:
        changed["generation"] = metadata["generation"] + 1
    return context.kind.on_deleting({**obj, "metadata": changed})


def _remove(context: Context, obj: Obj) -> Obj:
    return obj if context.dry_run else context.server.storage.remove(context.kind, obj)


def _store(context: Context, new: Obj, old: Obj) -> Obj:
    return new if context.dry_run or new == old else context.server.storage.put(context.kind, new)


# ------------------------------------------------------------------------------------------------ dependents


def with_policy_finalizers(context: Context, obj: Obj) -> Obj:
    """The object with the finalizers that the propagation policy asks for."""
    before: list[str] = obj["metadata"].get("finalizers", [])
    policy = "" if context.kind.name == "Event" else _policy(context, before)
    wanted = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    after = [name for name in before if name not in (ORPHAN, FOREGROUND)] + wanted
    if set(after) == set(before):
        return obj
    metadata = {name: value for name, value in obj["metadata"].items() if name != "finalizers"}
    return {**obj, "metadata": {**metadata, "finalizers": after} if after else metadata}


def _policy(context: Context, finalizers: list[str]) -> str:
    """What the client wants, else what the finalizers say already, else the kind's default."""
    options = context.options
    if options.get("orphanDependents") is not None:
        return "Orphan" if options["orphanDependents"] else "Background"
    if options.get("propagationPolicy") is not None:
        return str(options["propagationPolicy"])
    if ORPHAN in finalizers:
        return "Orphan"
    if FOREGROUND in finalizers:
        return "Foreground"
    return "Orphan" if _orphans_by_default(context) else "Background"


def _orphans_by_default(context: Context) -> bool:
    """Whose pods stay for the sake of old clients; parts of the cluster say what they want."""
    return (context.kind.group, context.kind.name) in _KEEPERS and not context.trusted


def warn_of_orphans(context: Context) -> None:
    options = context.options
    unsaid = options.get("orphanDependents") is None and options.get("propagationPolicy") is None
    if unsaid and context.kind.name == "Job" and _orphans_by_default(context) and _KEPT_DEPENDENTS not in context.warnings:
        context.warnings.append(_KEPT_DEPENDENTS)
