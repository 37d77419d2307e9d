"""Pods when they are updated. Models ValidatePodUpdate and ValidatePodStatusUpdate of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.apiserver.internal import difference, internal
from cluster_core.kinds.affinity_validation import tolerations
from cluster_core.kinds.checks import immutable, ip
from cluster_core.kinds.pod_annotations import pod_annotations
from cluster_core.kinds.pod_validation import SPEC, pod_itself
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, invalid_each, required
from cluster_core.machinery.typed import Obj

_STATUS = Path("status")
_ANNOTATIONS = Path("metadata", "annotations")
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_MIRROR = "kubernetes.io/config.mirror"
_MAX_DEADLINE = (1 << 31) - 1
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)


def equal(one: Any, other: Any) -> bool:
    """Semantic.DeepEqual: absent and empty are the same."""
    return bool(_substance(one) == _substance(other))


def _substance(value: Any) -> Any:
    if isinstance(value, Mapping):
        found = {key: _substance(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each not in (None, {}, [], "")}
    return [_substance(each) for each in value] if isinstance(value, list) else value


# ------------------------------------------------------------------------------------------------ spec


def validate_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if new["spec"] is not old["spec"] and not equal(new["spec"], old["spec"]):
        pod_itself(errors, new)
    annotation_updates(errors, new, old)
    if _containers(errors, new["spec"], old["spec"]) or _deadline(errors, new["spec"], old["spec"]):
        return errors
    _tolerations(errors, new["spec"], old["spec"])
    _gates(errors, new["spec"], old["spec"])
    if equal(new["spec"], old["spec"]):
        return errors
    rest = _without_updatable(new["spec"], old["spec"])
    if old["spec"].get("schedulingGates"):
        rest = _gated(errors, rest, old["spec"])
    if not equal(rest, old["spec"]):
        changes = difference("core.PodSpec", old["spec"], rest)
        errors.append(forbidden(SPEC, f"pod updates may not change fields other than {_UPDATABLE}\n{changes}"))
    return errors


def annotation_updates(errors: Errors, new: Obj, old: Obj) -> None:
    after, before = (pod["metadata"].get("annotations") or {} for pod in (new, old))
    if after is before:
        return
    for key in [*before, *(key for key in after if key not in before)]:
        what = "AppArmor annotations" if key.startswith(_APP_ARMOR) else "mirror pod annotation" if key == _MIRROR else ""
        if what and after.get(key) != before.get(key):
            verb = "remove or update" if key in before else "add"
            errors.append(forbidden(_ANNOTATIONS.key(key), f"may not {verb} {what}"))
    pod_annotations(errors, _ANNOTATIONS, after, new["spec"])


def _containers(errors: Errors, new: Obj, old: Obj) -> bool:
    """Whether nothing else is worth looking at."""
    for key in ("containers", "initContainers"):
        after = new.get(key) or ()
        if len(after) != len(old.get(key) or ()):
            errors.append(forbidden(SPEC / key, "pod updates may not add or remove containers"))
            return True
        for index, container in enumerate(after):
            _image(errors, (SPEC / key)[index] / "image", container.get("image", ""))
    return False


def _image(errors: Errors, path: Path, image: str) -> None:
    if not image:
        errors.append(required(path))
    if image.strip() != image:
        errors.append(invalid(path, image, "must not have leading or trailing whitespace"))


def _deadline(errors: Errors, new: Obj, old: Obj) -> bool:
    path = SPEC / "activeDeadlineSeconds"
    after, before = new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    if after is None:
        if before is not None:
            errors.append(invalid(path, None, "must not update from a positive integer to nil value"))
        return False
    if not 0 <= after <= _MAX_DEADLINE:
        errors.append(invalid(path, after, f"must be between 0 and {_MAX_DEADLINE}, inclusive"))
    elif before is not None and before < after:
        errors.append(invalid(path, after, "must be less than or equal to previous value"))
    else:
        return False
    return True


def _tolerations(errors: Errors, new: Obj, old: Obj) -> None:
    known = [_untimed(one) for one in new.get("tolerations") or ()]
    if any(_untimed(one) not in known for one in old.get("tolerations") or ()):
        text = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(forbidden(SPEC / "tolerations", text))
    elif new.get("tolerations"):
        tolerations(errors, SPEC / "tolerations", new["tolerations"])


def _untimed(toleration: Obj) -> Obj:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _gates(errors: Errors, new: Obj, old: Obj) -> None:
    before = {gate["name"] for gate in old.get("schedulingGates") or ()}
    for index, gate in enumerate(new.get("schedulingGates") or ()):
        if gate["name"] not in before:
            text = f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"
            errors.append(forbidden((SPEC / "schedulingGates")[index] / "name", text))


def _without_updatable(new: Obj, old: Obj) -> dict[str, Any]:
    """The new spec with what may change put back."""
    rest = dict(new)
    for key in ("containers", "initContainers"):
        if not new.get(key):
            continue
        pairs = zip(new[key], old.get(key) or (), strict=True)
        rest[key] = [{**after, "image": before.get("image", "")} for after, before in pairs]
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        rest[key] = old.get(key)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        rest["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    return rest


# ------------------------------------------------------------------------------------------------ gated pods


def _gated(errors: Errors, rest: dict[str, Any], old: Obj) -> dict[str, Any]:
    """A pod behind gates may get a narrower choice of nodes."""
    after, before = rest.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if any(after.get(key) != value for key, value in before.items()):
        text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid(SPEC / "nodeSelector", after or None, text))
    rest["nodeSelector"] = before
    found, own = ((spec.get("affinity") or {}).get("nodeAffinity") for spec in (old, rest))
    if found == own:
        return rest
    _node_affinity(errors, own, found)
    others = {key: one for key, one in (rest.get("affinity") or {}).items() if key != "nodeAffinity"}
    affinity = others if found is None else {**others, "nodeAffinity": found}
    rest["affinity"] = affinity if affinity or "affinity" in old else None
    return rest


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _terms(affinity: Obj | None) -> Sequence[Obj]:
    return ((affinity or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()


def _node_affinity(errors: Errors, new: Obj | None, old: Obj | None) -> None:
    path = SPEC.child("affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    after, before = _terms(new), _terms(old)
    if before and len(after) != len(before):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        errors.append(invalid(path, internal("[]core.NodeSelectorTerm", after), text))
        return
    for index, term in enumerate(before):
        if not _only_adds(after[index], term):
            text = "only additions are allowed (no mutations or deletions)"
            errors.append(invalid(path[index], internal("core.NodeSelectorTerm", after[index]), text))


def _only_adds(new: Obj, old: Obj) -> bool:
    parts = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in parts):
        return not any(new.get(key) for key in parts)
    return all(list(new.get(key) or ())[: len(old.get(key) or ())] == list(old.get(key) or ()) for key in parts)


# ------------------------------------------------------------------------------------------------ status


def validate_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    annotation_updates(errors, new, old)
    after, before = new.get("status", {}), old.get("status", {})
    if after.get("observedGeneration", 0) < 0:
        errors.append(invalid(_STATUS / "observedGeneration", after["observedGeneration"], "must be a non-negative integer"))
    _conditions(errors, after.get("conditions") or ())
    _nominated(errors, new, old)
    immutable(errors, _STATUS / "qosClass", after.get("qosClass", ""), before.get("qosClass", ""))
    for key in ("containerStatuses", "initContainerStatuses"):
        _transitions(errors, _STATUS / key, after.get(key) or (), before.get(key) or (), old["spec"])
    for key, member in (("podIPs", "ip"), ("hostIPs", "ip")):
        _addresses(errors, _STATUS / key, after.get(key) or (), [one.get(member) for one in before.get(key) or ()])
    return errors


def _conditions(errors: Errors, conditions: Sequence[Obj]) -> None:
    for index, condition in enumerate(conditions):
        path = (_STATUS / "conditions")[index]
        if condition.get("observedGeneration", 0) < 0:
            text = "must be a non-negative integer"
            errors.append(invalid(path / "observedGeneration", condition["observedGeneration"], text))
        type = condition.get("type", "")
        if type not in ("PodScheduled", "Ready", "Initialized"):
            errors.extend(invalid_each(path / "Type", type, names.qualified_name(type)))


def _nominated(errors: Errors, new: Obj, old: Obj) -> None:
    path = _STATUS / "nominatedNodeName"
    after, before = (pod.get("status", {}).get("nominatedNodeName", "") for pod in (new, old))
    if not after or after == before:
        return
    errors.extend(invalid_each(path, after, names.dns1123_subdomain(after)))
    if old["spec"].get("nodeName"):
        errors.append(forbidden(path, "may not be set on pods that are already bound to a node"))


def _transitions(errors: Errors, path: Path, after: Sequence[Obj], before: Sequence[Obj], spec: Obj) -> None:
    """Containers that are done for good do not come back."""
    now = {one.get("name"): (one.get("state") or {}).get("terminated") for one in after}
    for index, status in enumerate(before):
        ended = (status.get("state") or {}).get("terminated")
        name = status.get("name")
        if ended is None or name not in now or now[name] is not None:
            continue
        if not _may_restart(spec, str(name), ended.get("exitCode", 0)):
            errors.append(forbidden(path[index] / "state", "may not be transitioned to non-terminated state"))


def _may_restart(spec: Obj, name: str, code: int) -> bool:
    found = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    container: Obj = next((one for one in found if one["name"] == name), {})
    if container.get("restartPolicyRules"):
        return True
    policy = container.get("restartPolicy") or spec.get("restartPolicy", "Always")
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _addresses(errors: Errors, path: Path, after: Sequence[Obj], known: Sequence[str | None]) -> None:
    for index, one in enumerate(after):
        if one.get("ip") not in known:
            ip(errors, path[index], one.get("ip", ""))
    families = [":" in one.get("ip", "") for one in after]
    if len(after) > 2 or (len(after) == 2 and families[0] == families[1]):
        shown = [{"IP": one.get("ip", "")} for one in after]
        errors.append(invalid(path, shown, "may specify no more than one IP for each IP family"))
