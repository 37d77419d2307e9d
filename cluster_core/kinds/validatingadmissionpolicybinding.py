"""ValidatingAdmissionPolicyBinding objects. Models pkg/registry/admissionregistration/validatingadmissionpolicybinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import policy_shape, policy_validation

KIND = Kind(
    "ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
    default=policy_shape.default_binding,
    validate=policy_validation.validating_binding,
    repeats_metadata_check=False,
    checks_metadata_whole=1,
    validate_update=lambda new, old: policy_validation.validating_binding(new),
    columns=policy_shape.BINDING_COLUMNS,
)
