"""Who owns the replicas of an object, told as owners of its Scale, and back.

Models apimachinery/pkg/util/managedfields/scalehandler.go.
"""

from __future__ import annotations

from cluster_core.machinery import fieldset
from cluster_core.machinery.fieldset import Path
from cluster_core.machinery.managers import Managed, Owned

API_VERSION = "autoscaling/v1"
_REPLICAS: Path = (fieldset.field("spec"), fieldset.field("replicas"))


def path(dotted: str) -> Path:
    """Where an object keeps its replicas: "spec.replicas"."""
    return tuple(fieldset.field(name) for name in dotted.split("."))


def to_scale(parent: Managed, replicas: Path) -> Managed:
    """The owners of an object's replicas, as owners of the Scale's."""
    return {
        who._replace(api_version=API_VERSION if who.api_version else ""): Owned(fieldset.of_paths(_REPLICAS), API_VERSION, owned.time)
        for who, owned in parent.items()
        if fieldset.has(owned.fields, replicas)
    }


def to_parent(parent: Managed, scale: Managed, api_version: str, replicas: Path) -> Managed:
    """The owners of the object once the Scale's owners have the replicas. Who is new there comes without a time."""
    left = dict(scale)
    result: Managed = {}
    for who, owned in parent.items():
        stays = not fieldset.has(owned.fields, replicas) or left.pop(who, None) is not None
        fields = owned.fields if stays else fieldset.difference(owned.fields, fieldset.of_paths(replicas))
        if fields:
            result[who] = owned.with_fields(fields)
    for who, owned in left.items():
        if fieldset.has(owned.fields, _REPLICAS):
            time = parent[who].time if who in parent else ""
            result[who] = Owned(fieldset.of_paths(replicas), api_version, time)
    return result
