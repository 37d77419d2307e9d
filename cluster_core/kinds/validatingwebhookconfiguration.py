"""ValidatingWebhookConfiguration objects. Models pkg/registry/admissionregistration/validatingwebhookconfiguration."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
)
