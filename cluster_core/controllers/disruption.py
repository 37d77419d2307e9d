"""Say in a PodDisruptionBudget's status how many of its pods may be disrupted. Models pkg/controller/disruption.

Also takes back the DisruptionTarget condition of pods that were not deleted after all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import controller_of, object_key, split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.claims import labels
from cluster_core.controllers.intstr import scaled
from cluster_core.controllers.pods import condition, is_deleted, is_ended, is_ready
from cluster_core.controllers.replicas import SECONDS_PER_POD
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery import gofmt, selectors
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

COMPONENT = "controllermanager"
TIMEOUT = 120 * SECOND
"""After this a pod that was to be deleted and is still there counts as staying."""
STALE = "pod:"


class CannotCount(Exception):
    """The number of pods that there should be is not known; str() says why."""


def reconcile(context: Context, key: str) -> float | None:
    if key.startswith(STALE):
        return _clear_stale(context, key.removeprefix(STALE))
    budget = context.api.get("PodDisruptionBudget", *split_key(key))
    if budget is None:
        return None
    pods = _selected(context, budget)
    if not pods:
        context.event(budget, "Normal", "NoPods", "No matching pods found", COMPONENT)
    try:
        expected, desired = _count(context, budget, pods)
    except CannotCount as error:
        text = f"Failed to calculate the number of expected pods: {error}"
        context.event(budget, "Warning", "CalculateExpectedPodCountFailed", text, COMPONENT)
        _fail_safe(context, budget, str(error))
        return None
    return _write(context, budget, pods, expected, desired)


def _selected(context: Context, budget: Obj) -> list[Obj]:
    matches = selectors.compile(budget["spec"].get("selector"))
    return [pod for pod in context.api.list("Pod", budget["metadata"]["namespace"]) if matches(labels(pod))]


# ------------------------------------------------------------------------------------------------ counting


def _count(context: Context, budget: Obj, pods: list[Obj]) -> tuple[int, int]:
    """(how many pods there should be, how many of them must be healthy). Raises CannotCount."""
    spec = budget["spec"]
    if "maxUnavailable" in spec:
        expected = _expected(context, budget, pods)
        return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True))
    minimum = spec.get("minAvailable", 0)
    if isinstance(minimum, int):
        return (len(pods), minimum) if "minAvailable" in spec else (0, 0)
    expected = _expected(context, budget, pods)
    return expected, scaled(minimum, expected, up=True)


def _expected(context: Context, budget: Obj, pods: list[Obj]) -> int:
    """The scales of all controllers that the pods have."""
    scales: dict[str, int] = {}
    seen: set[str] = set()
    unmanaged = False
    for pod in pods:
        owner = controller_of(pod)
        if owner is None:
            unmanaged = True
        elif owner["uid"] not in seen:
            seen.add(owner["uid"])
            scales.update([_scale(context, pod, owner)])
    if unmanaged:
        _tell_of_unmanaged(context, budget)
    return sum(scales.values())


def _scale(context: Context, pod: Obj, reference: Obj) -> tuple[str, int]:
    """(uid, replicas) of the pod's controller, which for a Deployment's pod is the Deployment. Raises CannotCount."""
    owner = _find(context, pod, reference)
    above = controller_of(owner) if owner is not None and owner["kind"] == "ReplicaSet" else None
    if owner is not None and above is not None and above["kind"] == "Deployment":
        owner = _find(context, pod, above) or owner
    if owner is None:
        raise CannotCount(f"found no controllers for pod {gofmt.quote(pod['metadata']['name'])}")
    kind = context.api.server.kinds.find(owner["kind"], owner["apiVersion"].rpartition("/")[0])
    if kind is None or kind.scale is None:
        resource = kind.resource if kind is not None else owner["kind"]
        raise CannotCount(f"{resource} does not implement the scale subresource")
    return owner["metadata"]["uid"], _at(owner, kind.scale.spec_replicas)


def _at(obj: Any, path: str) -> int:
    for name in path.strip(".").split("."):
        obj = obj.get(name, {}) if isinstance(obj, dict) else {}
    return obj if isinstance(obj, int) else 0


def _find(context: Context, pod: Obj, reference: Obj) -> Obj | None:
    """The object referred to, when it is still the same one."""
    kind = context.api.server.kinds.find(reference["kind"], reference["apiVersion"].rpartition("/")[0])
    if kind is None:
        return None
    found = context.api.get(kind.name, pod["metadata"]["namespace"], reference["name"])
    return found if found is not None and found["metadata"]["uid"] == reference["uid"] else None


def _tell_of_unmanaged(context: Context, budget: Obj) -> None:
    text = (
        f"Pods selected by this PodDisruptionBudget (selector: {_selector_text(budget['spec'].get('selector'))}) were "
        "found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in "
        'undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
    )
    context.event(budget, "Warning", "UnmanagedPods", text, COMPONENT)


def _selector_text(selector: Obj | None) -> str:
    """The selector as Go's generated String method writes it."""
    if selector is None:
        return "nil"
    pairs = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},Values:[{' '.join(one.get('values', ()))}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    lists = f"MatchLabels:map[string]string{{{pairs}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}}"
    return f"&LabelSelector{{{lists},}}"


# ------------------------------------------------------------------------------------------------ status


def _write(context: Context, budget: Obj, pods: list[Obj], expected: int, desired: int) -> float | None:
    """Store the status; answers the seconds until a pod that was to be deleted counts as staying."""
    now = context.world.clock.now
    disrupted = _still_disrupted(context, budget, pods)
    healthy = sum(
        1 for pod in pods if not is_deleted(pod) and pod["metadata"]["name"] not in disrupted and is_ready(pod)
    )
    allowed = max(0, healthy - desired) if expected > 0 else 0
    status = {
        "observedGeneration": budget["metadata"].get("generation", 0),
        "disruptedPods": disrupted,
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": _conditions(context, budget, allowed),
    }
    _store(context, budget, conditions.compact(status, *_COUNTS))
    times = [parse_time(time) + TIMEOUT - now for time in disrupted.values()]
    return max(0, min(times)) / SECOND + 0.001 if times else None


_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def _store(context: Context, budget: Obj, status: dict[str, Any]) -> None:
    if status != budget.get("status"):
        context.api.update_status("PodDisruptionBudget", {**budget, "status": status})


def _still_disrupted(context: Context, budget: Obj, pods: list[Obj]) -> dict[str, str]:
    """Pods whose eviction was granted and that have not begun to go yet, with the time it was granted."""
    now, granted = context.world.clock.now, budget.get("status", {}).get("disruptedPods") or {}
    kept: dict[str, str] = {}
    for pod in pods:
        name, namespace = pod["metadata"]["name"], budget["metadata"]["namespace"]
        if name not in granted or is_deleted(pod):
            continue
        if parse_time(granted[name]) + TIMEOUT < now:
            text = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
            context.event(pod, "Warning", "NotDeleted", text, COMPONENT)
        else:
            kept[name] = granted[name]
    return kept


def _conditions(context: Context, budget: Obj, allowed: int) -> conditions.Conditions:
    found = ("True", "SufficientPods", "") if allowed > 0 else ("False", "InsufficientPods", "")
    return _with(context, budget, *found, generation=budget["metadata"].get("generation", 0))


def _with(
    context: Context, budget: Obj, status: str, reason: str, message: str, *, generation: int
) -> conditions.Conditions:
    """The conditions with DisruptionAllowed, a metav1.Condition, in its place."""
    present = budget.get("status", {}).get("conditions", ())
    old = conditions.find(present, "DisruptionAllowed")
    same = old is not None and old["status"] == status
    when = old["lastTransitionTime"] if old is not None and same else context.world.clock.timestamp()
    new = conditions.make("DisruptionAllowed", status, reason, message, when)
    if generation:
        new["observedGeneration"] = generation
    return [new if one is old else dict(one) for one in present] if old is not None else [*present, new]


def _fail_safe(context: Context, budget: Obj, message: str) -> None:
    """Allow nothing while the numbers are not known."""
    before = budget.get("status", {})
    found = _with(context, budget, "False", "SyncFailed", message, generation=before.get("observedGeneration", 0))
    counts = {name: before.get(name, 0) for name in _COUNTS}
    _store(context, budget, {**before, **counts, "disruptionsAllowed": 0, "conditions": found})


# ------------------------------------------------------------------------------------------------ stale conditions


def _is_disruption_target(pod: Obj) -> bool:
    found = condition(pod, "DisruptionTarget")
    if found is None or is_deleted(pod) or is_ended(pod):
        return False
    return found["status"] == "True" and found.get("reason") != "TerminationByKubelet"


def _clear_stale(context: Context, key: str) -> float | None:
    pod = context.api.get("Pod", *split_key(key))
    if pod is None or not _is_disruption_target(pod):
        return None
    found = condition(pod, "DisruptionTarget")
    assert found is not None
    left = parse_time(found["lastTransitionTime"]) + TIMEOUT - context.world.clock.now
    if left > 0:
        return left / SECOND
    now = context.world.clock.timestamp()
    new = {"type": "DisruptionTarget", "status": "False", "lastProbeTime": None, "lastTransitionTime": now}
    status = pod["status"]
    changed = [new if one["type"] == "DisruptionTarget" else one for one in status["conditions"]]
    context.api.update_status("Pod", {**pod, "status": {**status, "conditions": changed}})
    return None


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """The first budget that selects the pod; the pod itself when it may have to be given up as a target."""
    if _is_disruption_target(pod):
        yield f"{STALE}{object_key(pod)}"
    found = labels(pod)
    for budget in context.api.list("PodDisruptionBudget", pod["metadata"]["namespace"]):
        if selectors.compile(budget["spec"].get("selector"))(found):
            yield object_key(budget)
            return


def _latency(context: Context, key: str) -> float:
    if key.startswith(STALE):
        return 0.02
    budget = context.api.get("PodDisruptionBudget", *split_key(key)) or {}
    return 0.02 + SECONDS_PER_POD * int(budget.get("status", {}).get("expectedPods", 0))


CONTROLLER = Controller(
    "disruption",
    watches={"PodDisruptionBudget": itself, "Pod": _of_pod},
    reconcile=reconcile,
    latency=_latency,
)
