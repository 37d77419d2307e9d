"""Replication controllers. Models ValidateReplicationController of pkg/apis/core/validation."""

from __future__ import annotations

from cluster_core.kinds.checks import nonnegatives
from cluster_core.kinds.rollout_validation import replicas_fit, status_numbers
from cluster_core.kinds.template_validation import (
    MISMATCH,
    always_restarted,
    sorted_labels,
    template,
    template_labels,
)
from cluster_core.machinery.field import Errors, Path, invalid, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_TEMPLATE = Path("spec", "template")
_COUNTS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


def controller(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    nonnegatives(errors, spec, _SPEC, "minReadySeconds")
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(required(_SPEC / "selector"))
    nonnegatives(errors, spec, _SPEC, "replicas")
    found = spec.get("template")
    if found is None:
        errors.append(required(_TEMPLATE))
        return errors
    labels = template_labels(found)
    if any((labels or {}).get(key) != value for key, value in selector.items()):
        errors.append(invalid(_TEMPLATE.child("metadata", "labels"), sorted_labels(labels), MISMATCH))
    template(errors, _TEMPLATE, found)
    always_restarted(errors, _TEMPLATE, found, "ReplicationController")
    return errors


def controller_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    status_numbers(errors, status, ("replicas", *_COUNTS, "observedGeneration"))
    replicas_fit(errors, status, _COUNTS, "readyReplicas")
    return errors
