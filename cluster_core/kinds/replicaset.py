"""ReplicaSets. Models pkg/registry/apps/replicaset and the ReplicaSet parts of pkg/apis/apps and pkg/printers."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind, Scale
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.podspec import default_template
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj


def default(replicaset: Obj) -> Obj:
    spec = {"replicas": 1, **replicaset.get("spec", {})}
    spec["template"] = default_template(spec.get("template", {}))
    return {**replicaset, "spec": spec}


def prepare_create(replicaset: Obj) -> Obj:
    return {**replicaset, "status": {"replicas": 0}}


def _containers(obj: Obj, field: str) -> str:
    return ",".join(container[field] for container in obj["spec"]["template"]["spec"].get("containers", ()))


COLUMNS = (
    NAME,
    Column("Desired", lambda obj, now: obj["spec"]["replicas"], "integer"),
    Column("Current", lambda obj, now: obj["status"].get("replicas", 0), "integer"),
    Column("Ready", lambda obj, now: obj["status"].get("readyReplicas", 0), "integer"),
    AGE,
    Column("Containers", lambda obj, now: _containers(obj, "name"), priority=1),
    Column("Images", lambda obj, now: _containers(obj, "image"), priority=1),
    Column("Selector", lambda obj, now: str(selectors.of_object(obj["spec"].get("selector"))), priority=1),
)

KIND = Kind(
    "ReplicaSet",
    plural="replicasets",
    group="apps",
    short=("rs",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    columns=COLUMNS,
    status=True,
    generation=True,
    scale=Scale(),
    fields=lambda obj: {"status.replicas": str(obj.get("status", {}).get("replicas", 0))},
)
