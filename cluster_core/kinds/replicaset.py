"""ReplicaSets. Models pkg/registry/apps/replicaset and the ReplicaSet parts of pkg/apis/apps and pkg/printers."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind, Scale
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds import apps_validation
from cluster_core.kinds.columns import container_columns, counted, documented, selector_column, spec_number
from cluster_core.kinds.pod_warnings import workload_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.machinery.typed import Obj


def default(replicaset: Obj) -> Obj:
    return {**replicaset, "spec": {"replicas": 1, **default_template_of(replicaset.get("spec") or {})}}


def prepare_create(replicaset: Obj) -> Obj:
    return {**replicaset, "status": {"replicas": 0}}


COLUMNS = (
    NAME,
    Column("Desired", spec_number("replicas"), "integer", description=documented("apps.v1.ReplicaSetSpec", "replicas")),
    counted("Current", "apps.v1.ReplicaSetStatus", "replicas"),
    counted("Ready", "apps.v1.ReplicaSetStatus", "readyReplicas"),
    AGE,
    *container_columns(),
    selector_column("apps.v1.ReplicaSetSpec"),
)

KIND = Kind(
    "ReplicaSet",
    plural="replicasets",
    group="apps",
    short=("rs",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    validate=apps_validation.replicaset,
    validate_update=apps_validation.selected_update(apps_validation.replicaset),
    validate_status=apps_validation.replicaset_status,
    warnings=workload_warnings,
    columns=COLUMNS,
    status=True,
    generation=True,
    scale=Scale(),
)
