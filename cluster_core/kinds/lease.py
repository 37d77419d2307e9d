"""Leases. Models pkg/registry/coordination/lease."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import nonnegatives
from cluster_core.kinds.columns import documented
from cluster_core.machinery.field import Errors, Path, invalid
from cluster_core.machinery.typed import Obj

_DISABLED = frozenset({"strategy", "preferredHolder"})


def without_disabled(lease: Obj, old: Obj | None = None) -> Obj:
    """Coordinated leader election is off by default: its fields vanish unless they were there before."""
    spec = lease.get("spec") or {}
    gone = (_DISABLED & spec.keys()) - ((old or {}).get("spec") or {}).keys()
    if not gone:
        return lease
    return {**lease, "spec": {key: value for key, value in spec.items() if key not in gone}}


def validate(lease: Obj) -> Errors:
    errors: Errors = []
    spec = lease.get("spec") or {}
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        errors.append(invalid(Path("spec", "leaseDurationSeconds"), duration, "must be greater than 0"))
    nonnegatives(errors, spec, Path("spec"), "leaseTransitions")
    return errors


COLUMNS = (
    NAME,
    Column(
        "Holder",
        lambda obj, now: obj.get("spec", {}).get("holderIdentity", ""),
        description=documented("coordination.v1.LeaseSpec", "holderIdentity"),
    ),
    AGE,
)

KIND = Kind(
    "Lease",
    plural="leases",
    group="coordination.k8s.io",
    prepare_create=without_disabled,
    prepare_update=without_disabled,
    validate=validate,
    validate_update=lambda new, old: validate(new),
    columns=COLUMNS,
    allow_create_on_update=True,
    unconditional_update=False,
)
