"""Policies say up to which generation they were looked at. Models pkg/controller/validatingadmissionpolicystatus.

The types of expressions are not checked against the matched resources' schemas: `typeChecking` stays empty.
"""

from __future__ import annotations

from cluster_core.controllers.runtime import Context, Controller, itself


def reconcile(context: Context, key: str) -> float | None:
    policy = context.api.get("ValidatingAdmissionPolicy", "", key)
    if policy is None:
        return None
    generation, status = policy["metadata"].get("generation", 1), policy.get("status") or {}
    if status.get("observedGeneration") != generation:
        seen = {**status, "observedGeneration": generation, "typeChecking": {}}
        context.api.update_status("ValidatingAdmissionPolicy", {**policy, "status": seen})
    return None


CONTROLLER = Controller(
    "validatingadmissionpolicy-status-controller",
    watches={"ValidatingAdmissionPolicy": itself},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:validatingadmissionpolicy-status-controller",
)
