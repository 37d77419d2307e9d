"""ReplicaSets, Deployments and DaemonSets. Models pkg/apis/apps/validation."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import immutable, is_empty_selector, label_selector, nonnegatives
from cluster_core.kinds.rollout_validation import (
    at_most_all,
    figure,
    int_or_percent,
    not_decremented,
    replicas_fit,
    status_numbers,
)
from cluster_core.kinds.template_validation import (
    MISMATCH,
    always_restarted,
    matches,
    selector_of,
    sorted_labels,
    template,
    template_labels,
)
from cluster_core.machinery import selectors
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_TEMPLATE = Path("spec", "template")


def _pods_match(errors: Errors, spec: Obj) -> None:
    """ValidatePodTemplateSpecForReplicaSet, which Deployments use as well."""
    if matches(errors, _SPEC, spec):
        template(errors, _TEMPLATE, spec["template"])
        always_restarted(errors, _TEMPLATE, spec["template"], "ReplicaSet")


# ------------------------------------------------------------------------------------------------ replica sets


def replicaset(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    nonnegatives(errors, spec, _SPEC, "replicas", "minReadySeconds")
    # Upstream says deployment here too.
    selector_of(errors, _SPEC, spec.get("selector"), "deployment")
    _pods_match(errors, spec)
    return errors


def selected_update(validate: Any) -> Any:
    """The update rule of kinds whose selector never changes."""

    def check(new: Obj, old: Obj) -> Errors:
        errors: Errors = validate(new)
        immutable(errors, _SPEC / "selector", new["spec"].get("selector"), old["spec"].get("selector"))
        return errors

    return check


_REPLICASET_COUNTS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


def replicaset_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    status_numbers(errors, status, ("replicas", *_REPLICASET_COUNTS, "observedGeneration", "terminatingReplicas"))
    replicas_fit(errors, status, _REPLICASET_COUNTS, "readyReplicas")
    return errors


# ------------------------------------------------------------------------------------------------ deployments


def deployment(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    nonnegatives(errors, spec, _SPEC, "replicas")
    selector_of(errors, _SPEC, spec.get("selector"), "deployment")
    _pods_match(errors, spec)
    _strategy(errors, _SPEC / "strategy", spec.get("strategy") or {})
    nonnegatives(errors, spec, _SPEC, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        detail = "must be greater than minReadySeconds"
        errors.append(invalid(_SPEC / "progressDeadlineSeconds", deadline, detail))
    return errors


def _strategy(errors: Errors, path: Path, strategy: Obj) -> None:
    type, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if type == "RollingUpdate":
        if rolling is None:
            errors.append(required(path / "rollingUpdate", "this should be defaulted and never be nil"))
        else:
            _rolling_deployment(errors, path / "rollingUpdate", rolling)
    elif type == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            errors.append(forbidden(path / "rollingUpdate", detail))
    else:
        errors.append(not_supported(path, internal("apps.DeploymentStrategy", strategy), ("Recreate", "RollingUpdate")))


def _rolling_deployment(errors: Errors, path: Path, rolling: Obj) -> None:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    int_or_percent(errors, path / "maxUnavailable", unavailable)
    int_or_percent(errors, path / "maxSurge", surge)
    if not figure(unavailable) and not figure(surge):
        errors.append(invalid(path / "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    at_most_all(errors, path / "maxUnavailable", unavailable)


_DEPLOYMENT_NUMBERS = (
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
)


def deployment_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    status_numbers(errors, status, _DEPLOYMENT_NUMBERS)
    replicas_fit(errors, status, ("updatedReplicas", "readyReplicas", "availableReplicas"), "readyReplicas")
    not_decremented(errors, new, old)
    return errors


# ------------------------------------------------------------------------------------------------ daemon sets


def daemonset(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    selector = spec.get("selector")
    label_selector(errors, _SPEC / "selector", selector)
    _selects(errors, spec)
    if selector is not None and is_empty_selector(selector):
        errors.append(invalid(_SPEC / "selector", dict(selector), "empty selector is invalid for daemonset"))
    template(errors, _TEMPLATE, spec["template"])
    always_restarted(errors, _TEMPLATE, spec["template"], "DaemonSet")
    nonnegatives(errors, spec, _SPEC, "minReadySeconds")
    _daemonset_strategy(errors, _SPEC / "updateStrategy", spec.get("updateStrategy") or {})
    nonnegatives(errors, spec, _SPEC, "revisionHistoryLimit")
    return errors


def _selects(errors: Errors, spec: Obj) -> None:
    """No selector at all selects nothing, so it does not match either."""
    found = template_labels(spec["template"])
    try:
        selector = selectors.of_object(spec.get("selector"))
    except selectors.SelectorError:
        return
    if not selector.matches(found or {}):
        errors.append(invalid(_TEMPLATE.child("metadata", "labels"), sorted_labels(found), MISMATCH))


def daemonset_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    immutable(errors, _SPEC / "selector", new["spec"].get("selector"), old["spec"].get("selector"))
    return [*errors, *daemonset(new)]


def _daemonset_strategy(errors: Errors, path: Path, strategy: Obj) -> None:
    type, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if type == "RollingUpdate":
        if rolling is None:
            errors.append(required(path / "rollingUpdate"))
        else:
            _rolling_daemonset(errors, path / "rollingUpdate", rolling)
    elif type != "OnDelete":
        errors.append(
            not_supported(path, internal("apps.DaemonSetUpdateStrategy", strategy), ("RollingUpdate", "OnDelete"))
        )


def _rolling_daemonset(errors: Errors, path: Path, rolling: Obj) -> None:
    amounts = {key: rolling.get(key, 0) for key in ("maxUnavailable", "maxSurge")}
    for key, value in amounts.items():
        int_or_percent(errors, path / key, value)
    for key, value in amounts.items():
        at_most_all(errors, path / key, value)
    unavailable, surge = amounts.values()
    if figure(unavailable) and figure(surge):
        errors.append(invalid(path / "maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif not figure(unavailable) and not figure(surge):
        errors.append(required(path / "maxUnavailable", "cannot be 0 when maxSurge is 0"))


_DAEMONSET_NUMBERS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def daemonset_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status_numbers(errors, new.get("status") or {}, _DAEMONSET_NUMBERS)
    not_decremented(errors, new, old)
    return errors
