"""StatefulSets. Models pkg/registry/apps/statefulset and the StatefulSet parts of pkg/apis/apps and pkg/printers."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Scale
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import container_columns, spec_number, status_number
from cluster_core.kinds.pod_warnings import workload_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.kinds.statefulset_validation import statefulset, statefulset_status, statefulset_update
from cluster_core.kinds.volume_defaults import default_claim
from cluster_core.kinds.volume_warnings import claim_warnings
from cluster_core.machinery import names
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_SPEC = {"podManagementPolicy": "OrderedReady", "replicas": 1, "revisionHistoryLimit": 10}
_RETENTION = {"whenDeleted": "Retain", "whenScaled": "Retain"}
_CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
_STATUS = {"replicas": 0, "availableReplicas": 0}


def default(statefulset: Obj) -> Obj:
    spec = {**_SPEC, **default_template_of(statefulset.get("spec") or {})}
    spec["updateStrategy"] = _strategy(spec.get("updateStrategy") or {})
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    spec["persistentVolumeClaimRetentionPolicy"] = {**_RETENTION, **policy}
    if spec.get("volumeClaimTemplates"):
        spec["volumeClaimTemplates"] = [{**default_claim(claim), **_CLAIM} for claim in spec["volumeClaimTemplates"]]
    return {**statefulset, "spec": spec}


def _strategy(strategy: Obj) -> dict[str, Any]:
    """Without any type a rolling update of everything; a rolling update keeps its partition."""
    result = {"rollingUpdate": {}, **strategy, "type": "RollingUpdate"} if not strategy.get("type") else {**strategy}
    if result["type"] == "RollingUpdate" and result.get("rollingUpdate") is not None:
        result["rollingUpdate"] = {"partition": 0, **result["rollingUpdate"]}
    return result


def without_disabled(spec: Obj, old: Obj | None = None) -> Obj:
    """MaxUnavailableStatefulSet is off by default: the field vanishes unless it was there before."""
    update = spec["updateStrategy"].get("rollingUpdate") or {}
    before = ((old or {}).get("updateStrategy") or {}).get("rollingUpdate") or {}
    if "maxUnavailable" not in update or "maxUnavailable" in before:
        return spec
    kept = {key: value for key, value in update.items() if key != "maxUnavailable"}
    return {**spec, "updateStrategy": {**spec["updateStrategy"], "rollingUpdate": kept}}


def prepare_create(statefulset: Obj) -> Obj:
    return {**statefulset, "spec": without_disabled(statefulset["spec"]), "status": _STATUS}


def prepare_update(new: Obj, old: Obj) -> Obj:
    return {**new, "spec": without_disabled(new["spec"], old["spec"])}


def warnings(new: Obj, old: Obj | None) -> list[str]:
    found = workload_warnings(new, old, named=False)
    for index, claim in enumerate(new["spec"].get("volumeClaimTemplates") or ()):
        at = Path("spec", "volumeClaimTemplates")[index]
        found += claim_warnings(at if old is None else at / "Spec", claim.get("spec") or {})
    if (new["spec"].get("revisionHistoryLimit") or 0) < 0:
        detail = "a negative value retains all historical revisions; a value >= 0 is recommended"
        found.append(f"spec.revisionHistoryLimit: {detail}")
    return found


def _ready(statefulset: Obj, now: int) -> str:
    return f"{status_number('readyReplicas')(statefulset, now)}/{spec_number('replicas')(statefulset, now)}"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="Number of the pod with ready state"),
    AGE,
    *container_columns(),
)

KIND = Kind(
    "StatefulSet",
    plural="statefulsets",
    group="apps",
    short=("sts",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=statefulset,
    validate_update=statefulset_update,
    validate_status=statefulset_status,
    validate_name=names.dns1123_label,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
    generation=True,
    scale=Scale(),
)
