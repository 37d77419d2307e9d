"""Lists of status conditions, changed by making new ones. Models the Set/RemoveCondition helpers of the app controllers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.machinery.typed import Obj

Conditions = list[dict[str, Any]]


def find(conditions: Iterable[Obj], type: str) -> Obj | None:
    return next((one for one in conditions if one["type"] == type), None)


def without(conditions: Iterable[Obj], type: str) -> Conditions:
    return [dict(one) for one in conditions if one["type"] != type]


def set(conditions: Iterable[Obj], new: Obj) -> Conditions:
    """With the condition put in: not if it is there with the same status and reason; keeping the time of the last
    transition when the status stays."""
    conditions = list(conditions)
    old = find(conditions, new["type"])
    if old is not None and (old["status"], old.get("reason")) == (new["status"], new.get("reason")):
        return [dict(one) for one in conditions]
    if old is not None and old["status"] == new["status"]:
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*without(conditions, new["type"]), dict(new)]


def make(type: str, status: str, reason: str, message: str, now: str) -> dict[str, Any]:
    return {"type": type, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}


def compact(status: dict[str, Any], *always: str) -> dict[str, Any]:
    """The status without its zero values, as Go's omitempty writes it; `always` names those that stay."""
    return {key: value for key, value in status.items() if value or key in always}
