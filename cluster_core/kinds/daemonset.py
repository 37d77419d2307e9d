"""DaemonSets. Models pkg/registry/apps/daemonset and the DaemonSet parts of pkg/apis/apps and pkg/printers."""

from __future__ import annotations

import re

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds import apps_validation
from cluster_core.kinds.columns import container_columns, counted, documented, labels_text, selector_column
from cluster_core.kinds.pod_warnings import workload_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

_NUMBER = re.compile(r"[+-]?[0-9]+")
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that stands for a former field of the spec."""
_ROLLING = {"maxUnavailable": 1, "maxSurge": 0}
_STATUS = {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}


def default(daemonset: Obj) -> Obj:
    spec = {"revisionHistoryLimit": 10, **default_template_of(daemonset.get("spec") or {})}
    strategy = {"type": "RollingUpdate", **(spec.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    spec["updateStrategy"] = strategy
    metadata = daemonset.get("metadata") or {}
    annotations = {TEMPLATE_GENERATION: "0", **(metadata.get("annotations") or {})}
    _check_generation(annotations[TEMPLATE_GENERATION])
    return {**daemonset, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _check_generation(text: str) -> None:
    """Upstream converts the annotation to a number while decoding. Raises BadRequest."""
    if not _NUMBER.fullmatch(text):
        head = 'DaemonSet in version "v1" cannot be handled as a DaemonSet: '
        raise errors.bad_request(f"{head}strconv.ParseInt: parsing {gofmt.quote(text)}: invalid syntax")


def template_generation(daemonset: Obj) -> int:
    text = daemonset["metadata"].get("annotations", {}).get(TEMPLATE_GENERATION, "")
    return int(text) if text.lstrip("-").isdigit() else 0


def _with_template_generation(daemonset: Obj, generation: int) -> Obj:
    metadata = daemonset["metadata"]
    annotations = {**metadata.get("annotations", {}), TEMPLATE_GENERATION: str(generation)}
    return {**daemonset, "metadata": {**metadata, "annotations": annotations}}


def prepare_create(daemonset: Obj) -> Obj:
    return {**_with_template_generation(daemonset, max(template_generation(daemonset), 1)), "status": _STATUS}


def prepare_update(new: Obj, old: Obj) -> Obj:
    changed = new["spec"]["template"] != old["spec"]["template"]
    return _with_template_generation(new, template_generation(old) + changed)


COLUMNS = (
    NAME,
    counted("Desired", "apps.v1.DaemonSetStatus", "desiredNumberScheduled"),
    counted("Current", "apps.v1.DaemonSetStatus", "currentNumberScheduled"),
    counted("Ready", "apps.v1.DaemonSetStatus", "numberReady"),
    counted("Up-to-date", "apps.v1.DaemonSetStatus", "updatedNumberScheduled"),
    counted("Available", "apps.v1.DaemonSetStatus", "numberAvailable"),
    Column(
        "Node Selector",
        lambda obj, now: labels_text(obj["spec"]["template"].get("spec", {}).get("nodeSelector")),
        description=documented("core.v1.PodSpec", "nodeSelector"),
    ),
    AGE,
    *container_columns(),
    selector_column("apps.v1.DaemonSetSpec"),
)

KIND = Kind(
    "DaemonSet",
    plural="daemonsets",
    group="apps",
    short=("ds",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=apps_validation.daemonset,
    validate_update=apps_validation.daemonset_update,
    validate_status=apps_validation.daemonset_status,
    warnings=lambda new, old: workload_warnings(new, old, named=False),
    columns=COLUMNS,
    status=True,
    generation=True,
)
