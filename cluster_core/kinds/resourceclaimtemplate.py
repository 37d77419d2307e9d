"""Templates of resource claims. Models pkg/registry/resource/resourceclaimtemplate."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.claims_validation import claim_template, claim_template_update
from cluster_core.kinds.device_defaults import default_claim_spec
from cluster_core.machinery.typed import Obj


def default(found: Obj) -> Obj:
    spec = found.get("spec") or {}
    return {**found, "spec": {**spec, "spec": default_claim_spec(spec.get("spec") or {})}}


KIND = Kind(
    "ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    returns_deleted=True,
    group="resource.k8s.io",
    default=default,
    validate=claim_template,
    checks_metadata_whole=1,
    validate_update=claim_template_update,
    columns=(NAME, AGE),
)
