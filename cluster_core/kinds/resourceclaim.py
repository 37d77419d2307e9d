"""Resource claims. Models pkg/registry/resource/resourceclaim."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.claims_validation import claim, claim_status, claim_update
from cluster_core.kinds.device_defaults import default_claim_spec
from cluster_core.machinery.typed import Obj


def default(found: Obj) -> Obj:
    return {**found, "spec": default_claim_spec(found.get("spec") or {})}


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": {}}


def _state(found: Obj, now: int) -> str:
    status, deleted = found.get("status") or {}, "deletionTimestamp" in found["metadata"]
    states = ["deleted"] if deleted else []
    if status.get("allocation") is not None:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    elif not deleted:
        states.append("pending")
    return ",".join(states)


COLUMNS = (
    NAME,
    Column("State", _state, description="A summary of the current state (allocated, pending, reserved, etc.)."),
    AGE,
)

KIND = Kind(
    "ResourceClaim",
    plural="resourceclaims",
    returns_deleted=True,
    group="resource.k8s.io",
    default=default,
    prepare_create=prepare_create,
    validate=claim,
    checks_metadata_whole=1,
    validate_update=claim_update,
    validate_status=claim_status,
    columns=COLUMNS,
    status=True,
    status_tables=False,
    status_resets=((),),
)
