"""Core kinds with nothing of their own but data: config maps, secrets, events, service accounts."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME, since

KIND = (
    Kind(
        "ConfigMap",
        plural="configmaps",
        short=("cm",),
        columns=(
            NAME,
            Column(
                "Data", lambda obj, now: str(len(obj.get("data", {})) + len(obj.get("binaryData", {}))), "string"
            ),
            AGE,
        ),
    ),
    Kind("ServiceAccount", plural="serviceaccounts", short=("sa",), columns=(NAME, AGE)),
    Kind("Node", plural="nodes", short=("no",), namespaced=False, status=True, keeps_status=True, prefix="minions"),
    Kind(
        "Event",
        plural="events",
        short=("ev",),
        columns=(
            Column("Last Seen", lambda obj, now: since(obj.get("lastTimestamp"), now)),
            Column("Type", lambda obj, now: obj.get("type", "")),
            Column("Reason", lambda obj, now: obj.get("reason", "")),
        ),
    ),
)
