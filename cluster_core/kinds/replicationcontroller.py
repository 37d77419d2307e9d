"""Replication controllers. Models pkg/registry/core/replicationcontroller and their parts of pkg/apis/core."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind, Scale
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import container_columns, counted, documented, labels_text, spec_number
from cluster_core.kinds.pod_warnings import workload_warnings
from cluster_core.kinds.podspec_defaults import default_template
from cluster_core.kinds.replication_validation import controller, controller_status
from cluster_core.machinery import names
from cluster_core.machinery.typed import Obj

_SPEC = "core.v1.ReplicationControllerSpec"
_STATUS = "core.v1.ReplicationControllerStatus"


def default(controller: Obj) -> Obj:
    """One replica; selector and labels are those of the template."""
    spec = {"replicas": 1, **(controller.get("spec") or {})}
    result = {**controller, "spec": spec}
    template = spec.get("template")
    if template is None:
        return result
    spec["template"] = default_template(template)
    labels = (template.get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = labels
        if not (controller.get("metadata") or {}).get("labels"):
            result["metadata"] = {**(controller.get("metadata") or {}), "labels": labels}
    return result


def prepare_create(controller: Obj) -> Obj:
    return {**controller, "status": {"replicas": 0}}


def warnings(new: Obj, old: Obj | None) -> list[str]:
    """On an update those of the template of before: upstream hands the two over the other way round."""
    before = new if old is None else {**new, "spec": {**new["spec"], "template": old["spec"].get("template")}}
    return workload_warnings(before, old)


COLUMNS = (
    NAME,
    Column("Desired", spec_number("replicas"), "integer", description=documented(_SPEC, "replicas")),
    counted("Current", _STATUS, "replicas"),
    counted("Ready", _STATUS, "readyReplicas"),
    AGE,
    *container_columns(),
    Column(
        "Selector",
        lambda obj, now: labels_text(obj["spec"].get("selector")),
        description=documented(_SPEC, "selector"),
        priority=1,
    ),
)

KIND = Kind(
    "ReplicationController",
    plural="replicationcontrollers",
    short=("rc",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    validate=controller,
    validate_update=lambda new, old: controller(new),
    validate_status=controller_status,
    warnings=warnings,
    columns=COLUMNS,
    fields=lambda obj: {"status.replicas": str(obj.get("status", {}).get("replicas", 0))},
    status=True,
    generation=True,
    scale=Scale(),
    prefix="controllers",
    validate_name=names.long_name,
)
