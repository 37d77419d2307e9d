"""Ingress classes. Models pkg/registry/networking/ingressclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, default_marked
from cluster_core.kinds.network_validation import ingress_class, ingress_class_update
from cluster_core.machinery.typed import Obj

_DEFAULT_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


def default(found: Obj) -> Obj:
    spec = found.get("spec") or {}
    reference = spec.get("parameters")
    if reference is None or reference.get("scope") is not None:
        return found
    return {**found, "spec": {**spec, "parameters": {**reference, "scope": "Cluster"}}}


def _parameters(found: Obj, now: int) -> str:
    reference = (found.get("spec") or {}).get("parameters")
    if reference is None:
        return NONE
    group = f".{reference['apiGroup']}" if "apiGroup" in reference else ""
    return f"{reference.get('kind', '')}{group}/{reference.get('name', '')}"


COLUMNS = (
    Column(NAME.name, default_marked((_DEFAULT_ANNOTATION,)), format=NAME.format, description=NAME.description),
    Column(
        "Controller",
        lambda obj, now: (obj.get("spec") or {}).get("controller", ""),
        description="Controller that is responsible for handling this class",
    ),
    Column("Parameters", _parameters, description="A reference to a resource with additional parameters"),
    AGE,
)

KIND = Kind(
    "IngressClass",
    plural="ingressclasses",
    group="networking.k8s.io",
    namespaced=False,
    default=default,
    validate=ingress_class,
    checks_metadata_whole=1,
    validate_update=ingress_class_update,
    columns=COLUMNS,
    generation=True,
)
