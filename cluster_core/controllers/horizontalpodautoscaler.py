"""Size workloads by their load. Models pkg/controller/podautoscaler.

`hpametrics` says what the metrics ask for, `hpascaling` how far and how fast to go there. Metrics come through
`world.metrics`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.parts import split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.claims import labels
from cluster_core.controllers.hpametrics import Target, Unable, propose
from cluster_core.controllers.hpascaling import Scaling
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery import gofmt, quantity, selectors
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

COMPONENT = "horizontal-pod-autoscaler"
PERIOD = 15.0
"""Seconds: --horizontal-pod-autoscaler-sync-period."""


class Failed(Exception):
    """The autoscaler can do nothing now; what there is to say has been said."""


def reconcile(context: Context, key: str) -> float | None:
    autoscaler = context.api.get("HorizontalPodAutoscaler", *split_key(key))
    if autoscaler is None:
        context.memory.pop(key, None)
        return None
    run = Run(context, key, autoscaler, [dict(one) for one in autoscaler.get("status", {}).get("conditions", ())])
    with suppress(Failed):
        run.go()
    run.write()
    return PERIOD


def at(obj: Any, path: str) -> Any:
    """The value at a dotted path, None when there is none."""
    for name in path.strip(".").split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


@dataclass(frozen=True, slots=True)
class Scaled:
    """The object that is autoscaled, by its scale subresource."""

    kind: Kind
    obj: Obj

    @property
    def replicas(self) -> int:
        assert self.kind.scale is not None
        return at(self.obj, self.kind.scale.spec_replicas) or 0

    @property
    def running(self) -> int:
        assert self.kind.scale is not None
        return at(self.obj, self.kind.scale.status_replicas) or 0

    def selector(self) -> selectors.Selector | None:
        """Which pods are its own; None when it does not say."""
        assert self.kind.scale is not None
        found = at(self.obj, self.kind.scale.selector)
        if not isinstance(found, dict):
            return None
        plain = found and not found.keys() & {"matchLabels", "matchExpressions"}
        selector = selectors.of_map(found) if plain else selectors.of_object(found)
        return None if selector.empty() else selector


def scaled_by(context: Context, autoscaler: Obj) -> Scaled:
    """The object that scaleTargetRef names. Raises LookupError with the real words."""
    reference = autoscaler["spec"]["scaleTargetRef"]
    group = reference.get("apiVersion", "").rpartition("/")[0]
    kind = context.api.server.kinds.find(reference["kind"], group)
    if kind is None:
        raise LookupError(f"no matches for kind {gofmt.quote(reference['kind'])} in group {gofmt.quote(group)}")
    if kind.scale is None:
        raise LookupError("the server could not find the requested resource")
    obj = context.api.get(kind.name, autoscaler["metadata"]["namespace"], reference["name"])
    if obj is None:
        resource = f"{kind.plural}/scale" + (f".{group}" if group else "")
        raise LookupError(f"{resource} {gofmt.quote(reference['name'])} not found")
    return Scaled(kind, obj)


@dataclass(slots=True)
class Run:
    """One look at an autoscaler; conditions and status are written in the end."""

    context: Context
    key: str
    autoscaler: Obj
    conditions: list[dict[str, Any]]
    status: dict[str, Any] | None = None

    @property
    def _spec(self) -> Obj:
        found: Obj = self.autoscaler["spec"]
        return found

    @property
    def _namespace(self) -> str:
        return str(self.autoscaler["metadata"]["namespace"])

    def _event(self, type: str, reason: str, message: str) -> None:
        self.context.event(self.autoscaler, type, reason, message, COMPONENT)

    def _set(self, type: str, status: str, reason: str, message: str) -> None:
        """The condition says the newest; its time changes with its status only."""
        old = conditions.find(self.conditions, type)
        new = conditions.make(type, status, reason, message, self.context.world.clock.timestamp())
        if old is None:
            self.conditions.append(new)
            return
        if old["status"] == status:
            new["lastTransitionTime"] = old["lastTransitionTime"]
        self.conditions = [new if one is old else one for one in self.conditions]

    # ------------------------------------------------------------------------------------------------ deciding

    def go(self) -> None:
        scaled = self._scale()
        current, low, high = scaled.replicas, self._spec.get("minReplicas", 1), self._spec["maxReplicas"]
        memory = self.context.memory.setdefault(self.key, {})
        behavior = self._spec.get("behavior")
        scaling = Scaling(memory, self.context.world.clock.now, current, low, high, behavior)
        scaling.begin()
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._set("ScalingActive", "False", "ScalingDisabled", text)
            self._note(current, 0, None)
        elif current > high:
            self._rescale(scaled, scaling, high, "Current number of replicas above Spec.MaxReplicas", None)
        elif current < low:
            self._rescale(scaled, scaling, low, "Current number of replicas below Spec.MinReplicas", None)
        else:
            self._by_metrics(scaled, scaling)

    def _scale(self) -> Scaled:
        try:
            found = scaled_by(self.context, self.autoscaler)
        except LookupError as error:
            text = str(error.args[0])
            self._event("Warning", "FailedGetScale", text)
            message = f"the HPA controller was unable to get the target's current scale: {text}"
            self._set("AbleToScale", "False", "FailedGetScale", message)
            raise Failed from None
        text = "the HPA controller was able to get the target's current scale"
        self._set("AbleToScale", "True", "SucceededGetScale", text)
        return found

    def _by_metrics(self, scaled: Scaled, scaling: Scaling) -> None:
        desired, name, statuses = self._proposed(scaled)
        decision = scaling.decide(desired)
        self._set("AbleToScale", "True", *decision.stabilized)
        self._set("ScalingLimited", "True" if decision.limited else "False", *decision.limit)
        reason = f"{name} above target" if desired > scaling.current else ""
        reason = "All metrics below target" if desired < scaling.current else reason
        if decision.replicas == scaling.current:
            self._note(scaling.current, scaling.current, statuses)
        else:
            self._rescale(scaled, scaling, decision.replicas, reason, statuses)

    def _proposed(self, scaled: Scaled) -> tuple[int, str, list[dict[str, Any]]]:
        """(the most that a metric asks for, its name, all metrics' statuses). Raises Failed."""
        target = self._target(scaled)
        best: tuple[int, str] = (0, "")
        statuses: list[dict[str, Any]] = []
        problems: list[Unable] = []
        for metric in self._spec.get("metrics", ()):
            try:
                found = propose(target, metric)
            except Unable as error:
                self._event("Warning", error.reason, str(error))
                problems.append(error)
                statuses.append({"type": ""})
                continue
            statuses.append(found.status)
            best = (found.replicas, found.name) if not best[0] or found.replicas > best[0] else best
        self._check(problems, len(statuses), best[0] < scaled.replicas, scaled, statuses)
        text = f"the HPA was able to successfully calculate a replica count from {best[1]}"
        self._set("ScalingActive", "True", "ValidMetricFound", text)
        return *best, statuses

    def _check(
        self, problems: list[Unable], count: int, fewer: bool, scaled: Scaled, statuses: list[dict[str, Any]]
    ) -> None:
        """Give up when all metrics are invalid; and rather than scale down on some of them."""
        if not problems or (len(problems) < count and not fewer):
            return
        text = f"the HPA was unable to compute the replica count: {problems[0]}"
        self._set("ScalingActive", "False", problems[0].reason, text)
        self._note(scaled.replicas, self._desired_before(), statuses)
        total = f"invalid metrics ({len(problems)} invalid out of {count}), first error is: {problems[0].summary}"
        self._event("Warning", "FailedComputeMetricsReplicas", total)
        raise Failed

    # ------------------------------------------------------------------------------------------------ the target

    def _target(self, scaled: Scaled) -> Target:
        selector = scaled.selector()
        if selector is None:
            self._event("Warning", "SelectorRequired", "selector is required")
            text = "the HPA target's scale is missing a selector"
            self._set("ScalingActive", "False", "InvalidSelector", text)
            self._give_up(scaled, "selector is required")
        assert selector is not None
        pods = [pod for pod in self.context.api.list("Pod", self._namespace) if selector.matches(labels(pod))]
        self._refuse_ambiguity(scaled, selector, pods)
        replicas, running = scaled.replicas, scaled.running
        return Target(self.context, self._namespace, replicas, running, pods, self._tolerances())

    def _give_up(self, scaled: Scaled, text: str) -> None:
        self._note(scaled.replicas, self._desired_before(), None)
        self._event("Warning", "FailedComputeMetricsReplicas", text)
        raise Failed

    def _refuse_ambiguity(self, scaled: Scaled, selector: selectors.Selector, pods: list[Obj]) -> None:
        """Two autoscalers over the same pods would work against each other."""
        all_of_them = self.context.api.list("HorizontalPodAutoscaler", self._namespace)
        owners = [one for one in all_of_them if _selects(self.context, one, pods)] if len(all_of_them) > 1 else []
        if len(owners) > 1:
            names = " ".join(f"{{{one['metadata']['name']} {self._namespace}}}" for one in owners)
            text = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
            self._event("Warning", "AmbiguousSelector", text)
            self._set("ScalingActive", "False", "AmbiguousSelector", text)
            self._give_up(scaled, text)

    def _tolerances(self) -> tuple[float, float]:
        behavior = self._spec.get("behavior") or {}
        down, up = (
            quantity.milli((behavior.get(way) or {}).get("tolerance", "0.1")) / 1000 for way in ("scaleDown", "scaleUp")
        )
        return down, up

    # ------------------------------------------------------------------------------------------------ doing

    def _rescale(
        self, scaled: Scaled, scaling: Scaling, replicas: int, reason: str, statuses: list[dict[str, Any]] | None
    ) -> None:
        try:
            self._resize(scaled, replicas)
        except ApiError as error:
            text = f"New size: {replicas}; reason: {reason}; error: {error.message}"
            self._event("Warning", "FailedRescale", text)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            self._set("AbleToScale", "False", "FailedUpdateScale", message)
            self._note(scaling.current, self._desired_before(), statuses)
            raise Failed from None
        text = f"the HPA controller was able to update the target scale to {replicas}"
        self._set("AbleToScale", "True", "SucceededRescale", text)
        self._event("Normal", "SuccessfulRescale", f"New size: {replicas}; reason: {reason}")
        scaling.scaled(replicas)
        self._note(scaling.current, replicas, statuses)
        assert self.status is not None
        self.status["lastScaleTime"] = self.context.world.clock.timestamp()

    def _resize(self, scaled: Scaled, replicas: int) -> None:
        self.context.api.scale(scaled.kind, scaled.obj, replicas)

    def _desired_before(self) -> int:
        return int(self.autoscaler.get("status", {}).get("desiredReplicas", 0))

    def _note(self, current: int, desired: int, statuses: list[dict[str, Any]] | None) -> None:
        before = self.autoscaler.get("status", {})
        status = {
            "lastScaleTime": before.get("lastScaleTime"),
            "currentReplicas": current,
            "desiredReplicas": desired,
            "currentMetrics": statuses,
        }
        self.status = conditions.compact(status, "desiredReplicas", "currentMetrics")

    def write(self) -> None:
        before = self.autoscaler.get("status", {})
        empty = {"desiredReplicas": 0, "currentMetrics": None}
        body = self.status if self.status is not None else {**empty, **before}
        status = {**body, "conditions": self.conditions}
        if status != before:
            self.context.api.update_status("HorizontalPodAutoscaler", {**self.autoscaler, "status": status})


def _selects(context: Context, autoscaler: Obj, pods: list[Obj]) -> bool:
    try:
        selector = scaled_by(context, autoscaler).selector()
    except LookupError:
        return False
    return selector is not None and any(selector.matches(labels(pod)) for pod in pods)


CONTROLLER = Controller(
    "horizontal-pod-autoscaler",
    watches={"HorizontalPodAutoscaler": itself},
    reconcile=reconcile,
    latency=PERIOD,
    user="system:serviceaccount:kube-system:horizontal-pod-autoscaler",
    periodic=True,
)
