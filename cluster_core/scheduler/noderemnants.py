"""What scheduling saw of a node before it changed: the facts that were others then.

    labels, taints, unschedulable, room    as they were: room is status.allocatable
    gone, back                             marks of the images that came since, and those that are there no longer, with their bytes
    whole                                  the node is gone: nothing of it is left but this
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cluster_core.machinery import podrequests
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import amounts, matching
from cluster_core.scheduler.views import NodeFacts, node_facts, node_images

NOTHING: Any = object()
"""Scheduling sees no difference."""


def difference(old: Obj | None, new: Obj | None) -> Any:
    """What makes the old node of the new one; None: there was none; NOTHING."""
    if old is None:
        return None
    if new is None:
        return {"whole": 1, **_facts(old, {"metadata": {}}), "back": _images(old)}
    found = {**_facts(old, new), **_other_images(old, new)}
    return found or NOTHING


def _facts(old: Obj, new: Obj) -> dict[str, Any]:
    """The plain facts that were others."""
    spec, now = old.get("spec") or {}, new.get("spec") or {}
    room, room_now = ((each.get("status") or {}).get("allocatable") or {} for each in (old, new))
    pairs = (
        ("labels", old["metadata"].get("labels") or {}, new["metadata"].get("labels") or {}),
        ("taints", spec.get("taints") or [], now.get("taints") or []),
        ("unschedulable", bool(spec.get("unschedulable")), bool(now.get("unschedulable"))),
        ("room", room, room_now),
    )
    return {name: before for name, before, after in pairs if before is not after and before != after}


def _images(node: Obj) -> Mapping[str, int]:
    return node_images(node.get("status") or {})


def _other_images(old: Obj, new: Obj) -> dict[str, Any]:
    if (old.get("status") or {}).get("images") is (new.get("status") or {}).get("images"):
        return {}
    before, after = _images(old), _images(new)
    gone = [_mark(name) for name, size in after.items() if before.get(name) != size]
    back = {name: size for name, size in before.items() if after.get(name) != size}
    return {key: value for key, value in (("gone", gone), ("back", back)) if value}


def _mark(name: str) -> int:
    """Stands for an image's name, which is long, and there may be thousands."""
    return zlib.crc32(name.encode())


# ------------------------------------------------------------------------------------------------ going back


def before(found: Mapping[str, Any], name: str, now: NodeFacts | None) -> NodeFacts:
    """The node's facts as they were."""
    facts = node_facts({"metadata": {"name": name}}) if now is None or found.get("whole") else now
    if "gone" in found or "back" in found:
        gone = set(found.get("gone", ()))
        there = {name: size for name, size in facts.images.items() if _mark(name) not in gone}
        facts = replace(facts, images={**there, **found.get("back", {})})
    if "labels" in found:
        facts = replace(facts, labels=found["labels"])
    if "taints" in found:
        facts = replace(facts, taints=matching.taints({"taints": found["taints"]}))
    if "unschedulable" in found:
        facts = replace(facts, unschedulable=found["unschedulable"])
    return _with_room(facts, found["room"]) if "room" in found else facts


def _with_room(facts: NodeFacts, room: Obj) -> NodeFacts:
    asked = podrequests.amounts(room)
    return replace(
        facts,
        cpu=asked.get("cpu", 0),
        memory=asked.get("memory", 0),
        ephemeral=asked.get("ephemeral-storage", 0),
        pods=asked.get("pods", 0),
        scalars=amounts.scalars(asked),
    )
