"""Endpoint slices. Models pkg/registry/discovery/endpointslice."""

from __future__ import annotations

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented, some
from cluster_core.kinds.endpoints_validation import endpoint_slice, endpoint_slice_update, endpoint_slice_warnings
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "discovery.v1.EndpointSlice"


def default(found: Obj) -> Obj:
    if not found.get("ports"):
        return found
    return {**found, "ports": [{"name": "", "protocol": "TCP", **port} for port in found["ports"]]}


def prepare_create(found: Obj) -> Obj:
    """The old topology is read-only since v1."""
    if not any("deprecatedTopology" in one for one in found.get("endpoints") or ()):
        return found
    kept = [{key: value for key, value in one.items() if key != "deprecatedTopology"} for one in found["endpoints"]]
    return {**found, "endpoints": kept}


def prepare_update(new: Obj, old: Obj) -> Obj:
    return new if new.get("endpoints") == old.get("endpoints") else prepare_create(new)


def before_store(context: Context, new: Obj, old: Obj | None) -> Obj:
    """Labels count for the generation too: they say whose slice it is."""
    if old is None or (new["metadata"].get("labels") or {}) == (old["metadata"].get("labels") or {}):
        return new
    generation = old["metadata"].get("generation", 0) + 1
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def _ports(found: Obj, now: int) -> str:
    return some([str(port.get("port", port.get("name", "*"))) for port in found.get("ports") or ()])


def _addresses(found: Obj, now: int) -> str:
    return some([address for one in found.get("endpoints") or () for address in one.get("addresses") or ()])


COLUMNS = (
    NAME,
    Column(
        "AddressType",
        lambda obj, now: obj.get("addressType", ""),
        description=documented(_DOCUMENTED, "addressType"),
    ),
    Column("Ports", _ports, description=documented(_DOCUMENTED, "ports")),
    Column("Endpoints", _addresses, description=documented(_DOCUMENTED, "endpoints")),
    AGE,
)

KIND = Kind(
    "EndpointSlice",
    plural="endpointslices",
    group="discovery.k8s.io",
    default=default,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    before_store=before_store,
    validate=endpoint_slice,
    validate_update=endpoint_slice_update,
    warnings=endpoint_slice_warnings,
    repeats_metadata_check=False,
    columns=COLUMNS,
    generation=True,
)
