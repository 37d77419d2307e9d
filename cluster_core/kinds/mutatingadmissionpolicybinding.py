"""MutatingAdmissionPolicyBinding objects. Models pkg/registry/admissionregistration/mutatingadmissionpolicybinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
)
