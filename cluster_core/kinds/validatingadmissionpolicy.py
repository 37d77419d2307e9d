"""ValidatingAdmissionPolicy objects. Models pkg/registry/admissionregistration/validatingadmissionpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import policy_shape, policy_validation

KIND = Kind(
    "ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    status=True,
    generation=True,
    default=policy_shape.default_policy,
    prepare_create=lambda policy: {**policy, "status": {}},
    validate=policy_validation.validating_policy,
    repeats_metadata_check=False,
    checks_metadata_whole=1,
    validate_update=lambda new, old: policy_validation.validating_policy(new),
    columns=policy_shape.policy_columns("Validations", "validations", "Validations indicates the number of validation"),
)
