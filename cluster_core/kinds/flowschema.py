"""Flow schemas. Models pkg/registry/flowcontrol/flowschema."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, condition, documented
from cluster_core.kinds.flowcontrol_validation import flow_schema, flow_schema_status
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "flowcontrol.v1.FlowSchemaSpec"
_PRECEDENCE = 1000


def default(found: Obj) -> Obj:
    spec = found.get("spec") or {}
    if spec.get("matchingPrecedence"):
        return found
    return {**found, "spec": {**spec, "matchingPrecedence": _PRECEDENCE}}


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": {}}


def _level(found: Obj, now: int) -> str:
    return str(((found.get("spec") or {}).get("priorityLevelConfiguration") or {}).get("name", ""))


def _distinguisher(found: Obj, now: int) -> str:
    method = (found.get("spec") or {}).get("distinguisherMethod")
    return NONE if method is None else str(method.get("type", ""))


def _dangling(found: Obj, now: int) -> str:
    state = condition(found, "Dangling")
    return "?" if state is None else str(state.get("status", ""))


COLUMNS = (
    NAME,
    Column(
        "PriorityLevel", _level, description=documented("flowcontrol.v1.PriorityLevelConfigurationReference", "name")
    ),
    Column(
        "MatchingPrecedence",
        lambda obj, now: (obj.get("spec") or {}).get("matchingPrecedence", 0),
        description=documented(_DOCUMENTED, "matchingPrecedence"),
    ),
    Column("DistinguisherMethod", _distinguisher, description=documented(_DOCUMENTED, "distinguisherMethod")),
    AGE,
    Column("MissingPL", _dangling, description="references a broken or non-existent PriorityLevelConfiguration"),
)

KIND = Kind(
    "FlowSchema",
    plural="flowschemas",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    default=default,
    prepare_create=prepare_create,
    validate=flow_schema,
    validate_update=lambda new, old: flow_schema(new),
    validate_status=lambda new, old: flow_schema_status(new),
    repeats_metadata_check=False,
    columns=COLUMNS,
    status=True,
    generation=True,
)
