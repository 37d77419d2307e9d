"""StatefulSets. Models ValidateStatefulSet of pkg/apis/apps/validation."""

from __future__ import annotations

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import annotation_keys, labels, name, nonnegative, nonnegatives
from cluster_core.kinds.claim_validation import claim_spec
from cluster_core.kinds.pod_annotations import pod_annotations
from cluster_core.kinds.rollout_validation import (
    at_most_all,
    figure,
    int_or_percent,
    not_decremented,
    replicas_fit,
    status_numbers,
)
from cluster_core.kinds.template_validation import always_restarted, matches, selector_of, template
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_TEMPLATE = Path("spec", "template")
_RETENTION = ("Retain", "Delete")
_MUTABLE = (
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
)
_CHANGES = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def statefulset(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    _policies(errors, spec)
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        claim_spec(errors, (_SPEC / "volumeClaimTemplates")[index] / "spec", claim.get("spec") or {})
    _numbers(errors, spec)
    if spec.get("serviceName"):
        name(errors, _SPEC / "serviceName", spec["serviceName"], names.dns1123_label)
    _pods(errors, spec, with_template=True)
    return errors


def statefulset_update(new: Obj, old: Obj) -> Errors:
    """What never changes is not checked again; a template that was wrong before may stay wrong."""
    errors: Errors = []
    spec, before = new["spec"], old["spec"]
    _policies(errors, spec)
    _numbers(errors, spec)
    _pods(errors, spec, with_template=not _problems_before(before))
    kept, was = ({key: value for key, value in one.items() if key not in _MUTABLE} for one in (spec, before))
    if kept != was:
        errors.append(forbidden(_SPEC, _CHANGES))
    return errors


def _problems_before(spec: Obj) -> Errors:
    errors: Errors = []
    _policies(errors, spec)
    _numbers(errors, spec)
    _pods(errors, spec, with_template=True)
    return errors


def _policies(errors: Errors, spec: Obj) -> None:
    management = spec.get("podManagementPolicy", "")
    if not management:
        errors.append(required(_SPEC / "podManagementPolicy"))
    elif management not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        errors.append(invalid(_SPEC / "podManagementPolicy", management, detail))
    _strategy(errors, _SPEC / "updateStrategy", spec.get("updateStrategy") or {})
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for key in ("whenDeleted", "whenScaled"):
        if policy and policy.get(key, "") not in _RETENTION:
            at = _SPEC.child("persistentVolumeClaimRetentionPolicy", key)
            errors.append(not_supported(at, policy.get(key, ""), _RETENTION))


def _strategy(errors: Errors, path: Path, strategy: Obj) -> None:
    type, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if not type:
        errors.append(required(path))
    elif type == "RollingUpdate":
        if rolling is not None:
            _rolling(errors, path / "rollingUpdate", rolling)
    elif type != "OnDelete":
        shown = internal("apps.StatefulSetUpdateStrategy", strategy)
        errors.append(invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"))
    elif rolling is not None:
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        errors.append(
            invalid(path / "rollingUpdate", internal("apps.RollingUpdateStatefulSetStrategy", rolling), detail)
        )


def _rolling(errors: Errors, path: Path, rolling: Obj) -> None:
    nonnegative(errors, path / "partition", rolling.get("partition"))
    unavailable = rolling.get("maxUnavailable")
    if unavailable is None:
        return
    int_or_percent(errors, path / "maxUnavailable", unavailable)
    if not figure(unavailable):
        errors.append(invalid(path / "maxUnavailable", unavailable, "cannot be 0"))
    at_most_all(errors, path / "maxUnavailable", unavailable)


def _numbers(errors: Errors, spec: Obj) -> None:
    nonnegatives(errors, spec, _SPEC, "replicas", "minReadySeconds")
    nonnegative(errors, _SPEC / "ordinals.start", (spec.get("ordinals") or {}).get("start"))


def _pods(errors: Errors, spec: Obj, *, with_template: bool) -> None:
    selector_of(errors, _SPEC, spec.get("selector"), "statefulset")
    if matches(errors, _SPEC, spec, ""):
        found = _as_pods_get_it(spec)
        if with_template:
            template(errors, _TEMPLATE, found)
        metadata = found.get("metadata") or {}
        labels(errors, _TEMPLATE / "labels", metadata.get("labels"))
        if metadata.get("annotations"):
            annotation_keys(errors, _TEMPLATE / "annotations", metadata["annotations"])
            pod_annotations(errors, _TEMPLATE / "annotations", metadata["annotations"], found.get("spec") or {})
    always_restarted(errors, _TEMPLATE, spec["template"], "StatefulSet")


def _as_pods_get_it(spec: Obj) -> Obj:
    """The template with a volume per claim template, and without the names that every pod gets for itself."""
    found: Obj = spec["template"]
    pod = found.get("spec") or {}
    claims = {one.get("metadata", {}).get("name", "") for one in spec.get("volumeClaimTemplates") or ()}
    if not claims and not pod.get("hostname") and not pod.get("subdomain"):
        return found
    kept = {key: value for key, value in pod.items() if key not in ("hostname", "subdomain")}
    if claims:
        own = [volume for volume in pod.get("volumes") or () if volume.get("name", "") not in claims]
        made = [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in sorted(claims)]
        kept["volumes"] = [*made, *own]
    return {**found, "spec": kept}


_COUNTS = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def statefulset_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    status_numbers(errors, status, ("replicas", *_COUNTS, "observedGeneration", "collisionCount"))
    replicas_fit(errors, status, _COUNTS, "status.readyReplicas")
    not_decremented(errors, new, old)
    return errors
