"""Cells and columns that several kinds print alike. Models the helpers of pkg/printers/internalversion/printers.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster_core.apiserver import schema
from cluster_core.apiserver.kind import Column
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

NONE = "<none>"
Find = Callable[[Obj], Sequence[Obj]]


def documented(type_name: str, field: str) -> str:
    """The published description of a field: `documented("core.v1.PodStatus", "podIP")`."""
    return schema.definition(f"io.k8s.api.{type_name}").fields[field].description


def labels_text(labels: Mapping[str, str] | None) -> str:
    """labels.FormatLabels."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else NONE


def selector_text(selector: Obj | None) -> str:
    """metav1.FormatLabelSelector."""
    try:
        return str(selectors.of_object(selector)) or NONE
    except selectors.SelectorError:
        return "<error>"


def template_containers(obj: Obj) -> Sequence[Obj]:
    found: Sequence[Obj] = obj.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ()
    return found


def container_columns(find: Find = template_containers, priority: int = 1) -> tuple[Column, Column]:
    """The names and the images of an object's containers."""

    def joined(key: str) -> Callable[[Obj, int], str]:
        return lambda obj, now: ",".join(container.get(key, "") for container in find(obj))

    return (
        Column(
            "Containers",
            joined("name"),
            description="Names of each container in the template.",
            priority=priority,
        ),
        Column(
            "Images",
            joined("image"),
            description="Images referenced by each container in the template.",
            priority=priority,
        ),
    )


def spec_number(key: str) -> Callable[[Obj, int], int]:
    return lambda obj, now: int(obj.get("spec", {}).get(key) or 0)


def status_number(key: str) -> Callable[[Obj, int], int]:
    return lambda obj, now: int((obj.get("status") or {}).get(key) or 0)


def counted(name: str, type_name: str, key: str, type: str = "integer") -> Column:
    """A number of the status as a column; `type_name` as `documented` takes it."""
    return Column(name, status_number(key), type, description=documented(type_name, key))


def selector_column(type_name: str) -> Column:
    """The pods an object selects, in the wide table."""
    return Column(
        "Selector",
        lambda obj, now: selector_text(obj.get("spec", {}).get("selector")),
        description=documented(type_name, "selector"),
        priority=1,
    )


def condition(obj: Obj, type: str) -> Mapping[str, Any] | None:
    """The object's first condition of a type."""
    found = (obj.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == type), None)


def is_true(obj: Obj, type: str) -> bool:
    found = condition(obj, type)
    return found is not None and found.get("status") == "True"


def default_marked(annotations: Sequence[str]) -> Callable[[Obj, int], str]:
    """The name cell of a class, which shows whether it is the default one."""

    def cell(obj: Obj, now: int) -> str:
        found = obj["metadata"].get("annotations") or {}
        is_default = any(found.get(key) == "true" for key in annotations)
        return f"{obj['metadata'].get('name', '')}{' (default)' if is_default else ''}"

    return cell


def some(texts: Sequence[str], limit: int = 3) -> str:
    """The first few, and how many more there are (listWithMoreString)."""
    if not texts:
        return "<unset>"
    shown = ",".join(texts[:limit])
    return f"{shown} + {len(texts) - limit} more..." if len(texts) > limit else shown


def balancer_addresses(obj: Obj) -> str:
    """Addresses a load balancer gave. The server always prints the wide table, so they are never cut."""
    found = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({one.get("ip") or one.get("hostname") or "" for one in found} - {""}))


_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def access_modes_text(modes: Sequence[str] | None) -> str:
    """A volume's access modes in their short form and order."""
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def storage_class_name(obj: Obj) -> str:
    """Of a claim or volume: the old annotation wins over the field."""
    annotations = obj["metadata"].get("annotations") or {}
    old: str | None = annotations.get("volume.beta.kubernetes.io/storage-class")
    return old if old is not None else str(obj.get("spec", {}).get("storageClassName") or "")
