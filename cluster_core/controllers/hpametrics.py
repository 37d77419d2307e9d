"""How many replicas a metric asks for. Models pkg/controller/podautoscaler/replica_calculator.go.

Values are in thousandths throughout. What goes wrong is said in the words the real controller puts into its events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from cluster_core.apiserver.world import MetricsError, Usage
from cluster_core.controllers.pods import condition, is_deleted, is_ready, phase
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import gofmt, quantity
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

CPU_INITIALIZATION = 300 * SECOND
INITIAL_READINESS = 30 * SECOND
MOST = 2**31 - 1


class Unable(Exception):
    """A metric cannot be had. `reason` goes into the condition, str() into condition and event, `summary` to the total."""

    def __init__(self, reason: str, message: str, summary: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.summary = summary or message


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric asks for, its name for people, and its current value as status shows it."""

    replicas: int
    name: str
    status: dict[str, Any]


@dataclass(slots=True)
class Groups:
    """The target's pods by what is known of them."""

    ready: int = 0
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Target:
    """What is autoscaled, and how far a ratio may be off 1 (down, up)."""

    context: Context
    namespace: str
    replicas: int
    """As its spec says."""
    running: int
    """As its status says."""
    pods: list[Obj]
    tolerances: tuple[float, float] = (0.1, 0.1)

    @property
    def now(self) -> int:
        return self.context.world.clock.now

    @property
    def names(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods]

    def is_close(self, ratio: float) -> bool:
        down, up = self.tolerances
        return 1.0 - down <= ratio <= 1.0 + up

    # ------------------------------------------------------------------------------------------------ per pod

    def per_pod(self, values: dict[str, int], groups: Groups, goal: Goal) -> tuple[int, int]:
        """(replicas, the current value in the goal's units) by the values of pods, ready or not."""
        for name in groups.ignored | groups.unready:
            values.pop(name, None)
        if not values:
            raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
        ratio, current = goal.ratio(values)
        rising_unready = bool(groups.unready) and ratio > 1.0
        if not rising_unready and not groups.missing:
            return (self.replicas if self.is_close(ratio) else ceil(ratio * groups.ready)), current
        if ratio != 1.0:
            values.update({name: goal.assumed(name) if ratio < 1.0 else 0 for name in groups.missing})
        if rising_unready:
            values.update(dict.fromkeys(groups.unready, 0))
        return self._corrected(ratio, goal.ratio(values)[0], len(values)), current

    def _corrected(self, before: float, ratio: float, count: int) -> int:
        """The replicas by the ratio with assumed values: never against the direction of the measured ones."""
        if self.is_close(ratio) or (before < 1.0 < ratio) or (ratio < 1.0 < before):
            return self.replicas
        replicas = ceil(ratio * count)
        wrong = (ratio < 1.0 and replicas > self.replicas) or (ratio > 1.0 and replicas < self.replicas)
        return self.replicas if wrong else replicas

    def group(self, usages: Mapping[str, Usage] | None, known: set[str], *, cpu: bool = False) -> Groups:
        groups = Groups()
        for pod in self.pods:
            name = pod["metadata"]["name"]
            if is_deleted(pod) or phase(pod) == "Failed":
                groups.ignored.add(name)
            elif phase(pod) == "Pending":
                groups.unready.add(name)
            elif name not in known:
                groups.missing.add(name)
            elif cpu and usages is not None and self._is_starting(pod, usages[name]):
                groups.unready.add(name)
            else:
                groups.ready += 1
        return groups

    def _is_starting(self, pod: Obj, usage: Usage) -> bool:
        """Whether its cpu usage says nothing yet: not ready since the start, or measured before it was ready."""
        ready, start = condition(pod, "Ready"), pod["status"].get("startTime")
        if ready is None or start is None:
            return True
        began, changed, unready = parse_time(start), parse_time(ready["lastTransitionTime"]), ready["status"] == "False"
        if began + CPU_INITIALIZATION > self.now:
            return unready or usage.time < changed + usage.window
        return unready and began + INITIAL_READINESS > changed

    def per_target(self, ratio: float) -> int:
        """Replicas by the ratio of one value for the whole target."""
        if not self.replicas:
            return min(ceil(ratio), MOST)
        if self.is_close(ratio):
            return self.replicas
        if not self.pods:
            raise MetricsError("unable to calculate ready pods: no pods returned by selector while calculating replica count")
        ready = sum(1 for pod in self.pods if phase(pod) == "Running" and is_ready(pod))
        return min(ceil(ratio * ready), MOST)


@dataclass(frozen=True, slots=True)
class Goal:
    """A target value per pod, or with `requests` a percentage of them."""

    value: int
    requests: Mapping[str, int] | None = None

    def ratio(self, values: Mapping[str, int]) -> tuple[float, int]:
        """(current / wanted, the current value: an average or a percentage)."""
        if self.requests is None:
            current = sum(values.values()) // len(values)
            return current / self.value, current
        known = [name for name in values if name in self.requests]
        total = sum(self.requests[name] for name in known)
        if not total:
            raise MetricsError("no metrics returned matched known pods")
        percentage = sum(values[name] for name in known) * 100 // total
        return percentage / self.value, percentage

    def assumed(self, name: str) -> int:
        """What a pod without a value is taken to use when all is below target: just as much as it should."""
        if self.requests is None:
            return self.value
        return self.requests.get(name, 0) * max(100, self.value) // 100


# ------------------------------------------------------------------------------------------------ requests


def requests_of(pods: list[Obj], container: str, resource: str) -> dict[str, int]:
    """What each pod requests. Raises MetricsError when a container requests nothing."""
    return {pod["metadata"]["name"]: _request(pod, container, resource) for pod in pods}


def _request(pod: Obj, container: str, resource: str) -> int:
    name, spec = pod["metadata"]["name"], pod["spec"]
    whole = (spec.get("resources") or {}).get("requests") or {}
    if whole and not container:
        if resource not in whole:
            raise MetricsError(f"missing pod-level request for {resource} in Pod {name}")
        return quantity.milli(whole[resource])
    sidecars = [one for one in spec.get("initContainers", ()) if one.get("restartPolicy") == "Always"]
    chosen = [one for one in [*spec["containers"], *sidecars] if container in ("", one["name"])]
    if not chosen:
        raise MetricsError(f"container {container} not found in Pod {name}")
    return sum(_container_request(one, name, resource) for one in chosen)


def _container_request(container: Obj, pod: str, resource: str) -> int:
    found = (container.get("resources") or {}).get("requests") or {}
    if resource not in found:
        raise MetricsError(f"missing request for {resource} in container {container['name']} of Pod {pod}")
    return quantity.milli(found[resource])


# ------------------------------------------------------------------------------------------------ sources


def propose(target: Target, metric: Obj) -> Proposal:
    """What the metric asks for. Raises Unable."""
    source = _SOURCES.get(metric["type"])
    if source is None:
        text = f"unknown metric source type {gofmt.quote(metric['type'])}"
        raise Unable("InvalidMetricSourceType", text)
    reason, label, compute = source
    given = metric[metric["type"][0].lower() + metric["type"][1:]]
    try:
        found: Proposal = compute(target, given)
    except MetricsError as error:
        raise Unable(reason, str(error), f"failed to get {label(given)}: {error}") from None
    return found


def _text(resource: str, amount: int) -> str:
    return str(quantity.of_milli(amount, "BinarySI" if resource == "memory" else "DecimalSI"))


def _plain(amount: int) -> str:
    return str(quantity.of_milli(amount))


def _usages(target: Target, resource: str, container: str) -> tuple[Mapping[str, Usage], dict[str, int]]:
    """What the pods use, whole and of the one resource; pods of which a container is not measured are left out."""
    try:
        usages = target.context.world.metrics.usage(target.namespace, target.names)
        values = {name: _sum(usage, resource, container) for name, usage in usages.items()}
        known = {name: value for name, value in values.items() if value is not None}
        if not known:
            raise MetricsError("no metrics returned from resource metrics API")
    except MetricsError as error:
        raise MetricsError(f"unable to get metrics for resource {resource}: {error}") from None
    if not target.pods:
        raise MetricsError("no pods returned by selector while calculating replica count")
    return usages, known


def _sum(usage: Usage, resource: str, container: str) -> int | None:
    amounts = [found.get(resource) for name, found in usage.containers.items() if container in ("", name)]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _resource(target: Target, given: Obj, container: str = "") -> Proposal:
    resource, goal = given["name"], given["target"]
    sort = "container resource" if container else "resource"
    if "averageValue" in goal:
        try:
            replicas, current = _by_average(target, goal["averageValue"], resource, container)
        except MetricsError as error:
            raise MetricsError(f"failed to get {resource} usage: {error}") from None
        status: dict[str, Any] = {"averageValue": _text(resource, current)}
        return Proposal(replicas, f"{resource} resource", _resource_status(given, status, container))
    if "averageUtilization" not in goal:
        text = "neither an average utilization target nor an average value (usage) target was set"
        raise MetricsError(f"invalid resource metric source: {text}")
    try:
        replicas, current, average = _by_utilization(target, goal["averageUtilization"], resource, container)
    except MetricsError as error:
        raise MetricsError(f"failed to get {resource} utilization: {error}") from None
    status = {"averageValue": _text(resource, average), "averageUtilization": current}
    name = f"{resource} {sort} utilization (percentage of request)"
    return Proposal(replicas, name, _resource_status(given, status, container))


def _resource_status(given: Obj, current: dict[str, Any], container: str) -> dict[str, Any]:
    body = {"name": given["name"], "current": current}
    if container:
        return {"type": "ContainerResource", "containerResource": {**body, "container": container}}
    return {"type": "Resource", "resource": body}


def _by_average(target: Target, wanted: Any, resource: str, container: str) -> tuple[int, int]:
    usages, values = _usages(target, resource, container)
    groups = target.group(usages, set(values), cpu=resource == "cpu")
    return target.per_pod(values, groups, Goal(quantity.milli(wanted)))


def _by_utilization(target: Target, wanted: int, resource: str, container: str) -> tuple[int, int, int]:
    """(replicas, percentage, average value)."""
    usages, values = _usages(target, resource, container)
    groups = target.group(usages, set(values), cpu=resource == "cpu")
    measured = {name: value for name, value in values.items() if name not in groups.ignored | groups.unready}
    if not measured:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    requests = requests_of(target.pods, container, resource)
    replicas, percentage = target.per_pod(values, groups, Goal(wanted, requests))
    known = [value for name, value in measured.items() if name in requests]
    return replicas, percentage, sum(known) // max(1, len(known))


def _container_resource(target: Target, given: Obj) -> Proposal:
    return _resource(target, given, given["container"])


def _pods(target: Target, given: Obj) -> Proposal:
    name, metrics = given["metric"]["name"], target.context.world.metrics
    try:
        found = {pod: metrics.custom(target.namespace, "Pod", pod, name) for pod in target.names}
        values = {pod: value for pod, value in found.items() if value is not None}
        if not values:
            raise MetricsError("no metrics returned from custom metrics API")
    except MetricsError as error:
        raise MetricsError(f"unable to get metric {name}: {error}") from None
    goal = Goal(quantity.milli(given["target"]["averageValue"]))
    replicas, current = target.per_pod(values, target.group(None, set(values)), goal)
    status = {"metric": given["metric"], "current": {"averageValue": _plain(current)}}
    return Proposal(replicas, f"pods metric {name}", {"type": "Pods", "pods": status})


def _object(target: Target, given: Obj) -> Proposal:
    about, metric = given["describedObject"], given["metric"]
    try:
        value = target.context.world.metrics.custom(target.namespace, about["kind"], about["name"], metric["name"])
        if value is None:
            raise MetricsError("unable to fetch metrics from custom metrics API: no metric found")
    except MetricsError as error:
        # The real message has its arguments in this order.
        where = f"{about['kind']} on {target.namespace} {about['name']}"
        raise MetricsError(f"unable to get metric {metric['name']}: {where}/{error}") from None
    replicas, current = _by_value(target, given, value, "object")
    status = {"metric": metric, "describedObject": about, "current": current}
    return Proposal(replicas, f"{about['kind']} metric {metric['name']}", {"type": "Object", "object": status})


def _external(target: Target, given: Obj) -> Proposal:
    metric, selector = given["metric"], given["metric"].get("selector")
    try:
        values = target.context.world.metrics.external(target.namespace, metric["name"], selector)
        if not values:
            raise MetricsError("no metrics returned from external metrics API")
    except MetricsError as error:
        where = f"{target.namespace}/{metric['name']}/{'nil' if selector is None else gofmt.json_text(selector)}"
        raise MetricsError(f"unable to get external metric {where}: {error}") from None
    replicas, current = _by_value(target, given, sum(values), "external")
    shown = f"external metric {metric['name']}({'nil' if selector is None else gofmt.json_text(selector)})"
    return Proposal(replicas, shown, {"type": "External", "external": {"metric": metric, "current": current}})


def _by_value(target: Target, given: Obj, value: int, sort: str) -> tuple[int, dict[str, Any]]:
    """(replicas, current) of one value, compared whole or per pod."""
    goal = given["target"]
    if "value" in goal:
        return target.per_target(value / quantity.milli(goal["value"])), {"value": _plain(value)}
    if "averageValue" not in goal:
        text = f"invalid {sort} metric source: neither a value target nor an average value target was set"
        raise MetricsError(text)
    wanted, running = quantity.milli(goal["averageValue"]), max(1, target.running)
    close = target.is_close(value / (wanted * running))
    replicas = target.running if close else min(ceil(value / wanted), MOST)
    return replicas, {"averageValue": _plain(ceil(value / running))}


_SOURCES: dict[str, tuple[str, Any, Any]] = {
    "Resource": ("FailedGetResourceMetric", lambda given: f"{given['name']} resource metric value", _resource),
    "ContainerResource": (
        "FailedGetContainerResourceMetric",
        lambda given: f"{given['container']} container metric value",
        _container_resource,
    ),
    "Pods": ("FailedGetPodsMetric", lambda given: "pods metric value", _pods),
    "Object": ("FailedGetObjectMetric", lambda given: "object metric value", _object),
    "External": (
        "FailedGetExternalMetric",
        lambda given: f"{given['metric']['name']} external metric value",
        _external,
    ),
}
