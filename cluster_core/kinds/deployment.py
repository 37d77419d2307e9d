"""Deployments. Models pkg/registry/apps/deployment and the Deployment parts of pkg/apis/apps and pkg/printers."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind, Scale
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds import apps_validation
from cluster_core.kinds.columns import container_columns, counted, documented, spec_number, status_number
from cluster_core.kinds.pod_warnings import workload_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

_SPEC = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}
_ROLLBACK = "deprecated.deployment.rollback.to"


def default(deployment: Obj) -> Obj:
    spec = {**_SPEC, **default_template_of(deployment.get("spec") or {})}
    strategy = {"type": "RollingUpdate", **(spec.get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    spec["strategy"] = strategy
    return {**deployment, "spec": spec}


def prepare_create(deployment: Obj) -> Obj:
    return {**deployment, "status": {}}


def prepare_status(new: Obj, old: Obj) -> Obj:
    """A status update changes no labels."""
    metadata = {key: value for key, value in new["metadata"].items() if key != "labels"}
    if "labels" in old["metadata"]:
        metadata["labels"] = old["metadata"]["labels"]
    return {**new, "metadata": metadata}


def _ready(deployment: Obj, now: int) -> str:
    return f"{status_number('readyReplicas')(deployment, now)}/{spec_number('replicas')(deployment, now)}"


def _selector(deployment: Obj, now: int) -> str:
    try:
        return str(selectors.of_object(deployment["spec"].get("selector")))
    except selectors.SelectorError:
        return "<invalid>"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="Number of the pod with ready state"),
    counted("Up-to-date", "apps.v1.DeploymentStatus", "updatedReplicas", "string"),
    counted("Available", "apps.v1.DeploymentStatus", "availableReplicas", "string"),
    AGE,
    *container_columns(),
    Column("Selector", _selector, description=documented("apps.v1.DeploymentSpec", "selector"), priority=1),
)

KIND = Kind(
    "Deployment",
    plural="deployments",
    group="apps",
    short=("deploy",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    prepare_status=prepare_status,
    validate=apps_validation.deployment,
    validate_update=apps_validation.selected_update(apps_validation.deployment),
    validate_status=apps_validation.deployment_status,
    warnings=workload_warnings,
    columns=COLUMNS,
    status=True,
    status_resets=(("labels",),),
    generation=True,
    counts_annotations=True,
    scale=Scale(),
)
