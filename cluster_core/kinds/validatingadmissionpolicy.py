"""ValidatingAdmissionPolicy objects. Models pkg/registry/admissionregistration/validatingadmissionpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    status=True,
    generation=True,
)
