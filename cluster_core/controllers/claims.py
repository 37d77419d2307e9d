"""Whose is it: adopting matching orphans and releasing objects that match no longer.

Models pkg/controller/controller_ref_manager.go. Reads are consistent here, so the owner is looked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster_core.apiserver.parts import object_key
from cluster_core.controllers.pods import is_deleted, owner_reference
from cluster_core.controllers.runtime import Context, Keys
from cluster_core.machinery import selectors
from cluster_core.machinery.errors import Invalid, NotFound
from cluster_core.machinery.typed import Obj

Wanted = Callable[[Obj], bool]


def labels(obj: Obj) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("labels") or {}
    return found


def claim(context: Context, kind: str, owner: Obj, matches: selectors.Matcher, among: Wanted | None = None) -> list[Obj]:
    """The objects of `kind` that the owner controls and selects, after adopting and releasing.

    `among` narrows down which objects are looked at.
    """
    uid = owner["metadata"]["uid"]
    kept = []
    for obj in context.api.owned(kind, uid):
        if among is not None and not among(obj):
            continue
        if matches(labels(obj)):
            kept.append(obj)
        elif not is_deleted(owner):
            _release(context, kind, obj, uid)
    return kept if is_deleted(owner) else [*kept, *_adopted(context, kind, owner, matches, among)]


def _adopted(
    context: Context, kind: str, owner: Obj, matches: selectors.Matcher, among: Wanted | None
) -> list[Obj]:
    found = []
    for obj in context.api.orphans(kind, owner["metadata"]["namespace"]):
        if matches(labels(obj)) and not is_deleted(obj) and (among is None or among(obj)):
            found += _adopt(context, kind, obj, owner)
    return found


def _adopt(context: Context, kind: str, obj: Obj, owner: Obj) -> list[Obj]:
    others = [one for one in obj["metadata"].get("ownerReferences", ()) if one["uid"] != owner["metadata"]["uid"]]
    return _set_owners(context, kind, obj, [*others, owner_reference(owner)])


def _release(context: Context, kind: str, obj: Obj, uid: str) -> None:
    _set_owners(context, kind, obj, [one for one in obj["metadata"]["ownerReferences"] if one["uid"] != uid])


def _set_owners(context: Context, kind: str, obj: Obj, owners: list[Obj]) -> list[Obj]:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "ownerReferences"}
    if owners:
        metadata["ownerReferences"] = owners
    try:
        return [context.api.update(kind, {**obj, "metadata": metadata})]
    except (NotFound, Invalid):
        # Gone, or replaced by another of that name: somebody else's by now.
        return []


def owner_or_selecting(kind: str, selector: Callable[[Obj], Obj | None] | None = None) -> Keys:
    """Keys of the changed object's controlling owner when that is of `kind`; of an orphan, those that would adopt it."""
    select = selector or (lambda owner: owner["spec"].get("selector"))

    def keys(context: Context, obj: Obj) -> Iterable[str]:
        metadata = obj["metadata"]
        for owner in metadata.get("ownerReferences", ()):
            if owner.get("controller"):
                return (f"{metadata['namespace']}/{owner['name']}",) if owner["kind"] == kind else ()
        if not metadata.get("labels") or is_deleted(obj):
            return ()
        owners = context.api.list(kind, metadata["namespace"])
        return [object_key(owner) for owner in owners if selectors.compile(select(owner))(metadata["labels"])]

    return keys
