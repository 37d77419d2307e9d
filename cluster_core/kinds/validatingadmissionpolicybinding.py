"""ValidatingAdmissionPolicyBinding objects. Models pkg/registry/admissionregistration/validatingadmissionpolicybinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
)
