"""CSI drivers. Models pkg/registry/storage/csidriver."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.storage_validation import driver, driver_update
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "storage.v1.CSIDriverSpec"
_DEFAULTS: dict[str, Any] = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "volumeLifecycleModes": ["Persistent"],
    "requiresRepublish": False,
    "seLinuxMount": False,
}


def default(found: Obj) -> Obj:
    return {**found, "spec": {**_DEFAULTS, **found.get("spec", {})}}


def _flag(name: str, key: str) -> Column:
    def cell(obj: Obj, now: int) -> bool:
        return bool(obj["spec"].get(key, _DEFAULTS[key]))

    return Column(name, cell, "boolean", description=documented(_DOCUMENTED, key))


def _audiences(obj: Obj, now: int) -> str:
    requests = obj["spec"].get("tokenRequests")
    return "<unset>" if requests is None else ",".join(one.get("audience", "") for one in requests)


def prepare_update(new: Obj, old: Obj) -> Obj:
    """A change of what may be changed counts, though a creation does not begin to."""
    metadata = {key: value for key, value in new["metadata"].items() if key != "generation"}
    generation = old["metadata"].get("generation", 0) + (new.get("spec") != old.get("spec"))
    return {**new, "metadata": {**metadata, "generation": generation} if generation else metadata}


COLUMNS = (
    NAME,
    _flag("AttachRequired", "attachRequired"),
    _flag("PodInfoOnMount", "podInfoOnMount"),
    _flag("StorageCapacity", "storageCapacity"),
    Column("TokenRequests", _audiences, description=documented(_DOCUMENTED, "tokenRequests")),
    _flag("RequiresRepublish", "requiresRepublish"),
    Column(
        "Modes",
        lambda obj, now: ",".join(obj["spec"].get("volumeLifecycleModes") or ()) or "<none>",
        description=documented(_DOCUMENTED, "volumeLifecycleModes"),
    ),
    AGE,
)

KIND = Kind(
    "CSIDriver",
    plural="csidrivers",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
    default=default,
    prepare_update=prepare_update,
    validate=driver,
    validate_update=driver_update,
    columns=COLUMNS,
)
