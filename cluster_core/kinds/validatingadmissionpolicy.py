"""ValidatingAdmissionPolicy objects. Models pkg/registry/admissionregistration/validatingadmissionpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import policy_shape, policy_validation
from cluster_core.kinds.conditions_validation import conditions
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj


def policy_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    conditions(errors, Path("status", "conditions"), (new.get("status") or {}).get("conditions") or ())
    return errors


KIND = Kind(
    "ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    status=True,
    status_resets=((),),
    generation=True,
    default=policy_shape.default_policy,
    prepare_create=lambda policy: {**policy, "status": {}},
    validate=policy_validation.validating_policy,
    repeats_metadata_check=False,
    checks_metadata_whole=1,
    validate_update=lambda new, old: policy_validation.validating_policy(new),
    validate_status=policy_status,
    columns=policy_shape.policy_columns("Validations", "validations", "Validations indicates the number of validation"),
)
