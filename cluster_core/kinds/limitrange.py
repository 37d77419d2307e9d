"""Limit ranges. Models pkg/registry/core/limitrange and their defaults."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.amounts import rounded, with_missing
from cluster_core.kinds.limitrange_validation import limitrange
from cluster_core.machinery.typed import Obj

_LISTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")


def default(limit_range: Obj) -> Obj:
    spec = limit_range.get("spec") or {}
    if not spec.get("limits"):
        return limit_range
    return {**limit_range, "spec": {**spec, "limits": [_default_item(item) for item in spec["limits"]]}}


def _default_item(item: Obj) -> Obj:
    """A container's limit is the max unless it has a default; its request the limit, or the min."""
    result = dict(item)
    if item.get("type") == "Container":
        limits = with_missing(item.get("default"), item.get("max"))
        requests = with_missing(with_missing(item.get("defaultRequest"), limits), item.get("min"))
        result.update({key: value for key, value in (("default", limits), ("defaultRequest", requests)) if value})
    result.update({key: rounded(result[key]) for key in _LISTS if result.get(key)})
    return result


def prepare_create(limit_range: Obj) -> Obj:
    """One without a name gets a random one."""
    metadata = limit_range["metadata"]
    return limit_range if metadata.get("name") else {**limit_range, "metadata": {**metadata, "name": metadata["uid"]}}


KIND = Kind(
    "LimitRange",
    plural="limitranges",
    short=("limits",),
    default=default,
    prepare_create=prepare_create,
    validate=limitrange,
    checks_metadata_whole=1,
    validate_update=lambda new, old: limitrange(new),
    repeats_metadata_check=False,
    allow_create_on_update=True,
)
