"""MutatingAdmissionPolicy objects. Models pkg/registry/admissionregistration/mutatingadmissionpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
)
