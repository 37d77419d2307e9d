"""Pod templates compared and hashed. Models ComputeHash of pkg/controller and the label helpers of pkg/util/labels.

The real hash is taken of Go's memory layout; ours of the canonical JSON, in the same alphabet and length.
"""

from __future__ import annotations

from typing import Any

from cluster_core.machinery import gofmt, names
from cluster_core.machinery.typed import Obj

POD_TEMPLATE_HASH = "pod-template-hash"


def hash_of(template: Obj, collisions: int | None = None) -> str:
    """Eight to ten characters that tell templates apart; `collisions` makes another one of the same template."""
    text = gofmt.json_text(template)
    if collisions is not None:
        text += f"\\0{collisions}"
    return names.safe_encode(str(names.fnv32a(text)))


def with_label(template: Obj, key: str, value: str) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    return {**template, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), key: value}}}


def selector_with_label(selector: Obj | None, key: str, value: str) -> dict[str, Any]:
    found = selector or {}
    return {**found, "matchLabels": {**found.get("matchLabels", {}), key: value}}


def without_hash(template: Obj) -> dict[str, Any]:
    """The template in a form to compare: no pod-template-hash, nothing empty in its metadata."""
    metadata = {**(template.get("metadata") or {})}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != POD_TEMPLATE_HASH}
    metadata["labels"] = labels
    return {**template, "metadata": {key: value for key, value in metadata.items() if value}}


def equal(one: Obj, other: Obj) -> bool:
    """The same template but for the hash label."""
    return without_hash(one) == without_hash(other)
