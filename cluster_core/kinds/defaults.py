"""Filling in what an object lacks: the one helper that every kind's defaults share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.typed import Obj


def with_defaults(defaults: Mapping[str, Any], obj: Obj) -> dict[str, Any]:
    """The object with the defaults it lacks. Decoding has dropped Go's zero values, so lacking is enough."""
    return {**defaults, **obj}
