"""Which object a write is about: names, uids and resource versions in the request against those in the store.

Models ObjectNameFunc checks of apiserver/pkg/endpoints/handlers/rest.go and registry/rest/update.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.options import object_version
from cluster_core.machinery import errors, field, gofmt
from cluster_core.machinery.typed import Obj

_CHECKED = ("deletionTimestamp", "deletionGracePeriodSeconds")
"""What validation refuses to see changed; only what is missing is restored."""
_SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation")


def check_segment(name: str) -> None:
    """What no name may be or hold, because it stands in a path. Raises 400."""
    wrong = [f"may not be '{name}'"] if name in (".", "..") else [f"may not contain '{char}'" for char in "/%" if char in name]
    if wrong:
        raise errors.bad_request(f"Name parameter invalid: {gofmt.quote(name)}: {';'.join(wrong)}")


def check_names(context: Context, obj: Obj) -> None:
    """Name and namespace of an object that replaces another one, against its path. Raises 400."""
    given = obj.get("metadata")
    metadata = given if isinstance(given, Mapping) else {}
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    if not name:
        text = f"the name of the object ({context.name} based on URL) was undeterminable: name must be provided"
        raise errors.bad_request(text)
    if name != context.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({context.name})")
    if namespace and context.kind.namespaced and namespace != context.namespace:
        raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")


def other_uid(context: Context, given: str, actual: str) -> errors.ApiError:
    """The storage's own words for a uid that is not the object's."""
    kind = context.kind
    detail = (
        f"StorageError: invalid object, Code: 4, Key: {kind.key(context.namespace, context.name)}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {actual}"
    )
    return errors.conflict(context.served.group, kind.plural, context.name, detail)


def begin_update(context: Context, new: Obj, old: Obj) -> Obj:
    """The new object with old's system fields. Raises Conflict for a stale resourceVersion or another uid."""
    metadata, before = dict(new.get("metadata", {})), old["metadata"]
    if not context.trusted and context.verb == "update" and metadata.get("uid", before["uid"]) not in ("", before["uid"]):
        raise other_uid(context, metadata["uid"], before["uid"])
    _check_version(context, metadata, before)
    immutable = ("uid",) if not context.trusted and metadata.get("uid") else ()
    for key in _SYSTEM_FIELDS:
        if key not in immutable and not (key in _CHECKED and metadata.get(key) is not None and not context.trusted):
            _restore(metadata, before, key)
    metadata["resourceVersion"] = before["resourceVersion"]
    if "namespace" in before:
        metadata.setdefault("namespace", before["namespace"])
    return {**new, "metadata": metadata}


def _check_version(context: Context, metadata: dict[str, Any], before: dict[str, Any]) -> None:
    given, kind = metadata.get("resourceVersion", ""), context.kind
    if given == before["resourceVersion"]:
        return
    try:
        wanted = object_version(given)
    except ValueError as error:
        raise errors.plain_error(str(error).partition(f"{gofmt.quote(given)}: ")[2]) from error
    if wanted:
        raise errors.conflict(context.served.group, kind.plural, context.name)
    if not kind.unconditional_update and context.verb == "update":
        problem = field.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise errors.invalid(kind.group, kind.plural, context.name, [problem])


def _restore(metadata: dict[str, Any], before: dict[str, Any], key: str) -> None:
    if key in before:
        metadata[key] = before[key]
    else:
        metadata.pop(key, None)
