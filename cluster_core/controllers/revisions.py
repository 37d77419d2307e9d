"""The history of a StatefulSet's or DaemonSet's templates as ControllerRevisions. Models pkg/controller/history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.controllers.claims import claim
from cluster_core.controllers.pods import owner_reference
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import gofmt, names, selectors
from cluster_core.machinery.errors import AlreadyExists, NotFound
from cluster_core.machinery.typed import Obj

HASH = "controller.kubernetes.io/hash"
POD_REVISION = "controller-revision-hash"
"""The label that tells a pod's revision: by name for StatefulSets, by hash for DaemonSets."""


def history(context: Context, owner: Obj) -> list[Obj]:
    """The owner's revisions, oldest first, after adopting matching orphans."""
    found = claim(context, "ControllerRevision", owner, selectors.compile(owner["spec"].get("selector")))
    return sorted(found, key=_order)


def _order(revision: Obj) -> tuple[int, str, str]:
    metadata = revision["metadata"]
    return revision.get("revision", 0), metadata.get("creationTimestamp", ""), metadata["name"]


def data_of(owner: Obj) -> dict[str, Any]:
    """The owner's template as a patch that restores it."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def template_of(revision: Obj) -> dict[str, Any]:
    """The template a revision stands for."""
    template = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}


def next_number(revisions: list[Obj]) -> int:
    return int(revisions[-1].get("revision", 0)) + 1 if revisions else 1


def data_hash(data: Obj, collisions: int) -> str:
    """HashControllerRevision: 32-bit FNV-1 of the patch's JSON and the number of collisions."""
    digest = 0x811C9DC5
    for byte in f"{gofmt.json_text(data)}{collisions}".encode():
        digest = (digest * 0x01000193 & 0xFFFFFFFF) ^ byte
    return names.safe_encode(str(digest))


def renumber(context: Context, revision: Obj, number: int) -> Obj:
    """The revision with a new number: an old template is in use again."""
    if revision.get("revision") == number:
        return revision
    return context.api.update("ControllerRevision", {**revision, "revision": number})


def create(
    context: Context, owner: Obj, number: int, collisions: int, *, digest: Callable[[int], str], label: str
) -> tuple[Obj | None, int]:
    """Make the revision of the owner's present template, named after `digest(collisions)`, which is `label`ed too.

    Answers it and the number of collisions: a stranger of that name counts as one, and then another hash is tried.
    """
    wanted = _revision(owner, number, digest(collisions), label)
    try:
        return context.api.create("ControllerRevision", wanted), collisions
    except AlreadyExists:
        metadata = wanted["metadata"]
        found = context.api.get("ControllerRevision", metadata["namespace"], metadata["name"])
        if found is not None and found.get("data") == wanted["data"]:
            return found, collisions
        return None, collisions + 1


def _revision(owner: Obj, number: int, digest: str, label: str) -> dict[str, Any]:
    metadata = owner["metadata"]
    labels = owner["spec"]["template"].get("metadata", {}).get("labels") or {}
    made = {
        "name": f"{metadata['name'][:223]}-{digest}",
        "namespace": metadata["namespace"],
        "labels": {**labels, label: digest},
        "ownerReferences": [owner_reference(owner)],
    }
    if metadata.get("annotations"):
        made["annotations"] = metadata["annotations"]
    return {"metadata": made, "data": data_of(owner), "revision": number}


def truncate(context: Context, old: list[Obj], limit: int) -> None:
    """Delete the oldest of the revisions nobody uses, beyond `limit`."""
    for revision in old[: max(0, len(old) - limit)]:
        metadata = revision["metadata"]
        try:
            context.api.delete("ControllerRevision", metadata["namespace"], metadata["name"])
        except NotFound:
            continue
