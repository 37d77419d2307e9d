"""MutatingWebhookConfiguration objects. Models pkg/registry/admissionregistration/mutatingwebhookconfiguration."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
)
