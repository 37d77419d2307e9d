"""MutatingWebhookConfiguration objects. Models pkg/registry/admissionregistration/mutatingwebhookconfiguration."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import policy_shape, webhook_validation

KIND = Kind(
    "MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    unconditional_update=False,
    group="admissionregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    generation=True,
    counts_empties=True,
    default=policy_shape.default_mutating_hooks,
    validate=webhook_validation.mutating_hooks,
    validate_update=lambda new, old: webhook_validation.mutating_hooks(new),
    columns=policy_shape.HOOK_COLUMNS,
)
