"""Resource quotas. Models pkg/registry/core/resourcequota."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.amounts import rounded
from cluster_core.kinds.quota_validation import quota, quota_status, quota_update
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj


def default(quota: Obj) -> Obj:
    result = dict(quota)
    for part, keys in (("spec", ("hard",)), ("status", ("hard", "used"))):
        found = quota.get(part)
        if found:
            result[part] = {**found, **{key: rounded(found[key]) for key in keys if found.get(key)}}
    return result


def prepare_create(quota: Obj) -> Obj:
    return {**quota, "status": {}}


def warnings(new: Obj, old: Obj | None) -> list[str]:
    """Requests above limits make no sense. Told on creation only."""
    hard = (new.get("spec") or {}).get("hard") or {}
    found = []
    for resource in ("cpu", "memory", "ephemeral-storage") if old is None else ():
        request = f"requests.{resource}"
        if request not in hard and resource in ("cpu", "memory"):
            request = resource
        limit = f"limits.{resource}"
        if request in hard and limit in hard and quantity.compare(hard[request], hard[limit]) > 0:
            told = f"ResourceQuota {request} ({hard[request]}) should be less than {limit} ({hard[limit]})"
            found.append(told)
    return found


def _usage(limits: bool) -> Callable[[Obj, int], str]:
    """ "name: used/hard" of the limits, or of everything else."""

    def cell(quota: Obj, now: int) -> str:
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        chosen = [name for name in sorted(hard) if name.startswith("limits.") == limits]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in chosen)

    return cell


COLUMNS = (
    NAME,
    Column(
        "Request",
        _usage(limits=False),
        description="Request represents a minimum amount of cpu/memory that a container may consume.",
    ),
    Column(
        "Limit",
        _usage(limits=True),
        description="Limits control the maximum amount of cpu/memory that a container may use independent of "
        "contention on the node.",
    ),
    AGE,
)

KIND = Kind(
    "ResourceQuota",
    plural="resourcequotas",
    returns_deleted=True,
    short=("quota",),
    default=default,
    prepare_create=prepare_create,
    validate=quota,
    validate_update=quota_update,
    validate_status=quota_status,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
)
