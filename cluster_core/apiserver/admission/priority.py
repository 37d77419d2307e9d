"""Pods get the priority of their class. Models plugin/pkg/admission/priority."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

PREEMPT = "PreemptLowerPriority"
_SYSTEM = frozenset({"system-cluster-critical", "system-node-critical"})


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or not attributes.about("", "Pod"):
        return pod
    if attributes.operation == "UPDATE":
        return _kept(pod, attributes.old)
    name, priority, policy = _priority(attributes, pod["spec"].get("priorityClassName", ""))
    spec = pod["spec"]
    given = spec.get("priority")
    if given is not None and given != priority:
        text = (
            f"the integer value of priority ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {priority} from the given PriorityClass name"
        )
        raise errors.forbidden("", "pods", attributes.name, text)
    asked = spec.get("preemptionPolicy")
    if asked is not None and asked != policy:
        text = (
            f"the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise errors.forbidden("", "pods", attributes.name, text)
    changed = {**spec, "priority": priority, "preemptionPolicy": policy}
    if name:
        changed["priorityClassName"] = name
    return {**pod, "spec": changed}


def _kept(pod: Obj, old: Obj | None) -> Obj:
    """What a creation filled in stays when an update leaves it out."""
    before, after = (old or {}).get("spec", {}), pod["spec"]
    lost = {key: before[key] for key in ("priority", "preemptionPolicy") if key in before and after.get(key) is None}
    return {**pod, "spec": {**after, **lost}} if lost else pod


def _priority(attributes: Attributes, name: str) -> tuple[str, int, str]:
    """(class name, priority, preemption policy) for a pod that names this class, or none."""
    server = attributes.context.server
    kind = server.kinds.named("PriorityClass")
    if name:
        found = server.storage.get(kind, "", name)
        if found is None:
            text = f"no PriorityClass with name {name} was found"
            raise errors.forbidden("", "pods", attributes.name, text)
    else:
        found = min(
            (each for each in server.storage.list(kind) if each.get("globalDefault")),
            key=lambda each: each["value"],
            default=None,
        )
    if found is None:
        return "", 0, PREEMPT
    return found["metadata"]["name"], found["value"], found.get("preemptionPolicy", PREEMPT)


def _validate(attributes: Attributes) -> None:
    """One global default at the most."""
    new = attributes.obj
    if attributes.operation == "DELETE" and attributes.name in _SYSTEM:
        text = "this is a system priority class and cannot be deleted"
        raise errors.forbidden("scheduling.k8s.io", "priorityclasses", attributes.name, text)
    if new is None or not attributes.about("scheduling.k8s.io", "PriorityClass") or not new.get("globalDefault"):
        return
    for found in attributes.context.server.storage.list(attributes.kind):
        name = found["metadata"]["name"]
        if found.get("globalDefault") and (attributes.operation == "CREATE" or name != new["metadata"]["name"]):
            text = f"PriorityClass {name} is already marked as default. Only one default can exist"
            raise errors.forbidden("scheduling.k8s.io", "priorityclasses", attributes.name, text)


PLUGIN = Plugin("Priority", admit=_admit, validate=_validate, kinds=frozenset({"Pod", "PriorityClass"}), subresources=False)
