"""Events, in the core group and in events.k8s.io. Models pkg/registry/core/event and pkg/apis/events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Served
from cluster_core.apiserver.table import NAME, since
from cluster_core.kinds.columns import documented
from cluster_core.kinds.event_validation import event as validate_as
from cluster_core.machinery.typed import Obj

_NEW_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
"""Core names and what events.k8s.io calls them."""
_OLD_NAMES = {new: old for old, new in _NEW_NAMES.items()}
_ALWAYS: dict[str, Any] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
"""What the core form shows even when it is empty."""
_DOCUMENTED = "core.v1.Event"


def from_storage(event: Obj) -> Obj:
    """The events.k8s.io form."""
    renamed = {_NEW_NAMES.get(key, key): value for key, value in event.items()}
    for key in ("reportingController", "reportingInstance"):
        if not renamed.get(key):
            renamed.pop(key, None)
    return renamed


def to_storage(event: Obj) -> Obj:
    return {**_ALWAYS, **{_OLD_NAMES.get(key, key): value for key, value in event.items()}}


def fields(event: Obj) -> dict[str, str]:
    involved = event.get("involvedObject") or {}
    keys = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    component = event.get("reportingComponent", "")
    return {
        **{f"involvedObject.{key}": involved.get(key, "") for key in keys},
        "reason": event.get("reason", ""),
        "reportingComponent": component,
        "source": (event.get("source") or {}).get("component") or component,
        "type": event.get("type", ""),
    }


# ------------------------------------------------------------------------------------------------ columns


def _first_seen(event: Obj, now: int) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"), now)


def _last_seen(event: Obj, now: int) -> str:
    series = event.get("series")
    if series is not None:
        return since(series.get("lastObservedTime"), now)
    last = event.get("lastTimestamp")
    return since(last, now) if last else _first_seen(event, now)


def _count(event: Obj, now: int) -> int:
    series = event.get("series")
    return int(series.get("count", 0) if series is not None else event.get("count") or 1)


def _object(event: Obj, now: int) -> str:
    involved = event.get("involvedObject") or {}
    kind, name = involved.get("kind", "").lower(), involved.get("name", "")
    return f"{kind}/{name}" if name else kind


def _source(event: Obj, now: int) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent", "")
    instance = source.get("host") or event.get("reportingInstance", "")
    return f"{component}, {instance}" if instance else component


def _column(name: str, value: Callable[[Obj, int], Any], field: str, priority: int = 0) -> Column:
    return Column(name, value, description=documented(_DOCUMENTED, field), priority=priority)


COLUMNS = (
    _column("Last Seen", _last_seen, "lastTimestamp"),
    _column("Type", lambda obj, now: obj.get("type", ""), "type"),
    _column("Reason", lambda obj, now: obj.get("reason", ""), "reason"),
    _column("Object", _object, "involvedObject"),
    Column(
        "Subobject",
        lambda obj, now: (obj.get("involvedObject") or {}).get("fieldPath", ""),
        description=documented("core.v1.ObjectReference", "fieldPath"),
        priority=1,
    ),
    _column("Source", _source, "source", 1),
    _column("Message", lambda obj, now: obj.get("message", "").strip(), "message"),
    _column("First Seen", _first_seen, "firstTimestamp", 1),
    _column("Count", _count, "count", 1),
    replace(NAME, priority=1),
)


def _renamed(column: Column) -> Column:
    """The column of an object in its events.k8s.io form."""
    return replace(column, value=lambda obj, now: column.value(to_storage(obj), now))


KIND = Kind(
    "Event",
    plural="events",
    short=("ev",),
    fields=fields,
    columns=COLUMNS,
    validate_as=validate_as,
    metadata_first=False,
    repeats_metadata_check=False,
    allow_create_on_update=True,
    served=(Served("events.k8s.io", "v1", from_storage, to_storage, tuple(_renamed(column) for column in COLUMNS)),),
)
