"""MutatingAdmissionPolicy objects. Models pkg/registry/admissionregistration/mutatingadmissionpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import policy_shape, policy_validation

KIND = Kind(
    "MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
    default=policy_shape.default_policy,
    validate=policy_validation.mutating_policy,
    repeats_metadata_check=False,
    checks_metadata_whole=1,
    validate_update=lambda new, old: policy_validation.mutating_policy(new),
    columns=policy_shape.policy_columns("Mutations", "mutations", "Mutation indicates the number of mutations"),
)
