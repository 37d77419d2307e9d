"""The metadata every object has: what clients may set, what the server sets, what never changes.

Models apiserver/pkg/registry/rest/meta.go and apimachinery/pkg/api/validation/objectmeta.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.machinery import errors, field, names
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import timestamp
from cluster_core.machinery.typed import Obj

_SYSTEM_FIELDS = frozenset({"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"})
_METADATA = field.Path("metadata")


def seconds_from(now: int, seconds: int) -> str:
    """The metav1.Time `seconds` after `now` (microseconds)."""
    return timestamp(now + seconds * SECOND)


def begin_create(context: Context, obj: Obj) -> Obj:
    """Namespace and name as the request's path demands, system fields dropped."""
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key not in _SYSTEM_FIELDS}
    if metadata.pop("resourceVersion", "") not in ("", "0") and not context.dry_run:
        raise errors.plain_error("resourceVersion should not be set on objects to be created")
    _settle_namespace(context, metadata)
    if not metadata.get("name") and not metadata.get("generateName"):
        metadata.pop("name", None)
    return {**obj, "metadata": metadata}


def _settle_namespace(context: Context, metadata: dict[str, Any]) -> None:
    if not context.kind.namespaced:
        metadata.pop("namespace", None)
        return
    given = metadata.setdefault("namespace", context.namespace)
    if given != context.namespace:
        raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")


def fill(context: Context, obj: Obj) -> Obj:
    """What the server adds to a new object: name, uid, creation time."""
    metadata = dict(obj["metadata"])
    world, storage = context.server.world, context.server.storage
    if not metadata.get("name") and metadata.get("generateName"):
        stream = world.seed.stream("name", context.kind.resource, metadata.get("generateName"), storage.revision)
        metadata["name"] = names.generated_name(metadata["generateName"], stream)
    name = (context.kind.resource, metadata.get("namespace", ""), metadata.get("name", ""), storage.revision)
    metadata["uid"] = world.seed.uid("object", *name)
    metadata["creationTimestamp"] = world.clock.timestamp()
    return {**obj, "metadata": metadata}


def begin_update(context: Context, new: Obj, old: Obj) -> Obj:
    """The new object with old's system fields. Raises Conflict for a stale resourceVersion or another uid."""
    metadata, before = dict(new.get("metadata", {})), old["metadata"]
    if not context.trusted:
        _check_identity(context, metadata, before)
    for key in _SYSTEM_FIELDS:
        _restore(metadata, before, key)
    given = metadata.get("resourceVersion", "")
    if given and given != before["resourceVersion"]:
        raise conflict(context)
    if not given and not context.kind.unconditional_update and context.verb == "update":
        raise _must_be_specified(context, metadata)
    metadata["resourceVersion"] = before["resourceVersion"]
    _restore(metadata, before, "generation")
    if "namespace" in before:
        metadata.setdefault("namespace", before["namespace"])
    return {**new, "metadata": metadata}


def _restore(metadata: dict[str, Any], before: dict[str, Any], key: str) -> None:
    if key in before:
        metadata[key] = before[key]
    else:
        metadata.pop(key, None)


def _check_identity(context: Context, metadata: dict[str, Any], before: dict[str, Any]) -> None:
    uid = metadata.get("uid")
    if uid and uid != before["uid"]:
        detail = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise errors.conflict(context.kind.group, context.kind.plural, context.name, detail)


def _must_be_specified(context: Context, metadata: dict[str, Any]) -> errors.ApiError:
    problem = field.invalid(_METADATA.child("resourceVersion"), 0, "must be specified for an update")
    return errors.invalid(context.kind.group, context.kind.name, metadata.get("name", ""), [problem])


def conflict(context: Context) -> errors.ApiError:
    return errors.conflict(context.kind.group, context.kind.plural, context.name)


def check_preconditions(context: Context, obj: Obj, preconditions: dict[str, Any]) -> None:
    """metav1.Preconditions of a delete. Raises Conflict."""
    metadata = obj["metadata"]
    for key, label, of in (("uid", "UID", "UID"), ("resourceVersion", "ResourceVersion", "ResourceVersion")):
        wanted = preconditions.get(key)
        if wanted is not None and wanted != metadata[key]:
            detail = f"Precondition failed: {label} in precondition: {wanted}, {of} in object meta: {metadata[key]}"
            raise errors.conflict(context.kind.group, context.kind.plural, context.name, detail)


def body(obj: Obj) -> dict[str, Any]:
    """What generation counts changes of: everything but metadata and status."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion", "kind")}
