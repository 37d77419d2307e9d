"""Objects as the tables that `kubectl get` prints. Models apiserver/pkg/endpoints/handlers/response.go and the printers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Served
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time, human_duration
from cluster_core.machinery.typed import Obj

META_V1 = "meta.k8s.io/v1"
_NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. "
    "More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented in "
    "RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. "
    "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


def age(obj: Obj, now: int) -> str:
    """The AGE cell: how long ago the object was made."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def since(timestamp: str | None, now: int) -> str:
    """How long ago a metav1.Time was, as people read it; "<unknown>" without one."""
    if not timestamp:
        return "<unknown>"
    return human_duration((now - any_time(timestamp)) / SECOND)


NAME = Column("Name", lambda obj, now: obj["metadata"].get("name", ""), format="name", description=_NAME_TEXT)
AGE = Column("Age", age, description=_AGE_TEXT)
CREATED_AT = Column("Created At", lambda obj, now: obj["metadata"].get("creationTimestamp", ""), "date", "", _AGE_TEXT)
DEFAULT_COLUMNS = (NAME, CREATED_AT)


def columns_of(kind: Kind, served: Served) -> Sequence[Column]:
    return served.columns or kind.columns or DEFAULT_COLUMNS


def definitions(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in columns
    ]


def row(columns: Sequence[Column], obj: Obj, now: int, include: str, version: str = META_V1) -> dict[str, Any]:
    """One row; `include` is Metadata (default), Object or None."""
    cells = [column.value(obj, now) for column in columns]
    if include == "Object":
        return {"cells": cells, "object": obj}
    if include == "None":
        return {"cells": cells, "object": None}
    metadata = {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": _internal_metadata(obj)}
    return {"cells": cells, "object": metadata}


_FIELDS_OF_OLD = {"DaemonSet": "deprecated.daemonset.template.generation"}
"""Annotations that v1 has in place of a field. Rows are made from the internal form, where it is still a field."""


def _internal_metadata(obj: Obj) -> Obj:
    metadata: Obj = obj["metadata"]
    hidden = _FIELDS_OF_OLD.get(obj.get("kind", ""))
    if hidden is None or hidden not in metadata.get("annotations", {}):
        return metadata
    annotations = {key: value for key, value in metadata["annotations"].items() if key != hidden}
    bare = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**bare, "annotations": annotations} if annotations else bare


def table(
    columns: Sequence[Column] | None, rows: list[dict[str, Any]], metadata: dict[str, Any], version: str = META_V1
) -> dict[str, Any]:
    """A meta.k8s.io Table; `columns` None leaves the definitions out, as watch events after the first do."""
    return {
        "kind": "Table",
        "apiVersion": version,
        "metadata": metadata,
        "columnDefinitions": None if columns is None else definitions(columns),
        "rows": rows,
    }
