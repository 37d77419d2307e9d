"""Leases. Models pkg/registry/coordination/lease."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.machinery.typed import Obj

_DISABLED = frozenset({"strategy", "preferredHolder"})


def without_disabled(lease: Obj, old: Obj | None = None) -> Obj:
    """Coordinated leader election is off by default: its fields vanish unless they were there before."""
    spec = lease.get("spec") or {}
    gone = (_DISABLED & spec.keys()) - ((old or {}).get("spec") or {}).keys()
    if not gone:
        return lease
    return {**lease, "spec": {key: value for key, value in spec.items() if key not in gone}}


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
    columns=COLUMNS,
    allow_create_on_update=True,
    unconditional_update=False,
)
