"""A live cluster as a hand-in: its saved form, taken from the log, and whether its state was forged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from cluster_core.simulation.saved import ClusterSpec, Saved
from cluster_core.simulation.witness import Witness

from .saying import Said

_OWN = ("/registry/events/", "/registry/leases/", "/registry/endpointslices/")
"""What only the cluster writes. Its parts leave no managedFields, clients always do."""


def saved(name: str) -> Saved:
    """The cluster as last committed. Raises ClusterUnknown."""
    from cluster_core.persistence.orm import OrmLog  # Django's models, which grading itself does without

    stored = OrmLog().load(name)
    return Saved(ClusterSpec.decode(stored.record.spec), stored.rows, stored.revision, bytes(stored.state))


def forgeries(found: Saved) -> Iterator[str]:
    """Status and events that a client wrote by hand: what the cluster itself has seen, and what objects show."""
    yield from orjson.loads(found.state)["parts"].get(Witness.name, ())
    for row in found.rows:
        if not row.key.startswith("/registry/") or row.value is None or b'"managedFields"' not in row.value:
            continue
        metadata = _metadata(row.value)
        for entry in metadata.get("managedFields", ()):
            by_hand = entry.get("subresource") == "status" or "f:status" in (entry.get("fieldsV1") or {})
            if by_hand or row.key.startswith(_OWN):
                template = "the status of %(object)s was written by %(who)s" if by_hand else "%(object)s was written by %(who)s"
                yield Said(template, object=row.key.removeprefix("/registry/"), who=entry.get("manager"))
                break


def _metadata(value: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(value)["metadata"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return found
