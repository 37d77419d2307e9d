"""Evidence for a finding: the objects it is about, their events, and when it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.typed import Obj

from .checks import Finding, View

MOST_OBJECTS = 3
MOST_EVENTS = 8


def gather(view: View, finding: Finding, moment: Mapping[str, Any]) -> dict[str, Any]:
    """{"at" seconds after the hand-in, "revision", "objects", "events", and what the check itself tells}. Objects and
    events are looked up for what is wrong only."""
    found: dict[str, Any] = {**moment, "about": ["/".join(filter(None, each)) for each in finding.objects]}
    if finding.detail:
        found["detail"] = dict(finding.detail)
    if not finding.ok:
        found["objects"] = [obj for each in finding.objects[:MOST_OBJECTS] if (obj := _object(view, each))]
        found["events"] = _events(view, {(kind, name) for kind, _, name in finding.objects})
    return found


def _object(view: View, reference: tuple[str, str, str]) -> dict[str, Any] | None:
    kind, namespace, name = reference
    obj = view.api.get(kind, namespace, name)
    if obj is None:
        return None
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def _events(view: View, about: set[tuple[str, str]]) -> list[str]:
    """The last events about these objects, in words."""
    if not about:
        return []
    found = [event for event in view.api.list("Event") if _subject(event) in about]
    found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [_told(event) for event in found[-MOST_EVENTS:]]


def _subject(event: Obj) -> tuple[str, str]:
    involved = event.get("involvedObject", {})
    return involved.get("kind", ""), involved.get("name", "")


def _told(event: Obj) -> str:
    kind, name = _subject(event)
    return f"{kind}/{name} {event.get('type')} {event.get('reason')}: {event.get('message')}"
