"""Run a pod on every node that fits. Models pkg/controller/daemon; nodes, history and updates are in `daemon*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import conditions, daemonhistory
from cluster_core.controllers.claims import claim, labels, owner_or_selecting
from cluster_core.controllers.daemonnodes import age_order, base_pod, is_updated, pinned, should_run, target_node
from cluster_core.controllers.daemonupdate import Plan, Pods, Update, is_rolling, surges
from cluster_core.controllers.pods import (
    PodControl,
    is_available,
    is_deleted,
    is_ended,
    is_ready,
    next_available,
    phase,
    slow_start,
)
from cluster_core.controllers.revisions import POD_REVISION
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery import selectors
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

BURST = 250
COMPONENT = "daemonset-controller"
LONGEST_BACKOFF = 900
"""Seconds between deletions of a daemon pod that keeps failing on one node, at the most."""


def reconcile(context: Context, key: str) -> float | None:
    owner = context.api.get("DaemonSet", *split_key(key))
    if owner is None or is_deleted(owner):
        return None
    if not owner["spec"].get("selector"):
        text = "This daemon set is selecting all pods. A non-empty selector is required."
        context.event(owner, "Warning", "SelectingAll", text, COMPONENT)
        return None
    revision, old = daemonhistory.current(context, owner)
    run = Run(context, owner, labels(revision)[POD_REVISION])
    error = run.work()
    run.write_status()
    if error is not None:
        raise error
    daemonhistory.clean_up(context, owner, old)
    return run.look_again()


def _soonest(*delays: float | None) -> float | None:
    known = [delay for delay in delays if delay is not None]
    return min(known) if known else None


@dataclass(slots=True)
class Run:
    """One look at a DaemonSet whose present revision has the hash `digest`."""

    context: Context
    owner: Obj
    digest: str
    delay: float | None = None
    """Seconds until a pod that keeps failing may be deleted again."""

    def _pods(self) -> Pods:
        """The pods by their node; those ended and on their way out count no more."""
        found: Pods = {}
        for pod in claim(self.context, "Pod", self.owner, selectors.compile(self.owner["spec"].get("selector"))):
            node = target_node(pod)
            if node and not (is_ended(pod) and is_deleted(pod)):
                found.setdefault(node, []).append(pod)
        return found

    def _nodes(self) -> dict[str, Obj]:
        return {node["metadata"]["name"]: node for node in self.context.api.list("Node")}

    # ------------------------------------------------------------------------------------------------ working

    def work(self) -> ApiError | None:
        """Start and delete pods as the nodes ask for; when nothing is to be done, go on with an update."""
        pods, nodes = self._pods(), self._nodes()
        plan = Plan()
        for name, node in nodes.items():
            self._look_at(node, pods.get(name, []), plan)
        gone = [pod for name in sorted(pods.keys() - nodes.keys()) for pod in pods[name]]
        plan.delete += [pod for pod in gone if not pod["spec"].get("nodeName") and not is_deleted(pod)]
        if not plan.delete and not plan.create and is_rolling(self.owner):
            plan = Update(self.owner, self.digest, self.context.world.clock.now, nodes, pods).plan()
        return self._carry_out(plan)

    def _look_at(self, node: Obj, pods: list[Obj], plan: Plan) -> None:
        start, stay = should_run(self.owner, node)
        if start and not pods:
            plan.create.append(node["metadata"]["name"])
        elif stay:
            self._keep_one(node, pods, plan, start)
        else:
            plan.delete += [pod for pod in pods if not is_deleted(pod)]

    def _keep_one(self, node: Obj, pods: list[Obj], plan: Plan, start: bool) -> None:
        staying = [pod for pod in pods if not is_deleted(pod)]
        plan.delete += [pod for pod in staying if is_ended(pod) and self._may_remove(pod, node)]
        running = sorted((pod for pod in staying if not is_ended(pod)), key=age_order)
        if not surges(self.owner):
            plan.delete += running[1:]
        elif not running:
            plan.create += [node["metadata"]["name"]] if start else []
        elif len(running) > 1:
            plan.delete += self._surplus(running)

    def _surplus(self, running: list[Obj]) -> list[Obj]:
        """While surging one new and one old pod may stay; the old one until the new one is available."""
        new = [pod for pod in running if labels(pod).get(POD_REVISION) == self.digest]
        old = [pod for pod in running if labels(pod).get(POD_REVISION) != self.digest]
        surplus = [*new[1:], *old[1:]]
        if new and old and (not is_ready(old[0]) or self._available(new[0])):
            surplus.append(old[0])
        return surplus

    def _may_remove(self, pod: Obj, node: Obj) -> bool:
        """Tell about an ended pod; a failed one waits longer each time it fails on the node."""
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']} on node {node['metadata']['name']}"
        if phase(pod) == "Succeeded":
            text = f"Found succeeded daemon pod {where}, will try to delete it"
            self.context.event(self.owner, "Normal", "SucceededDaemonPod", text, COMPONENT)
            return True
        wait = self._backoff(node["metadata"]["name"])
        if wait > 0:
            self.delay = _soonest(self.delay, wait)
            return False
        text = f"Found failed daemon pod {where}, will try to kill it"
        self.context.event(self.owner, "Warning", "FailedDaemonPod", text, COMPONENT)
        return True

    def _backoff(self, node: str) -> float:
        """Seconds left of the back-off, which the events of earlier failures on this node tell: nothing else remembers."""
        end, uid = f" on node {node}, will try to kill it", self.owner["metadata"]["uid"]
        times = [
            parse_time(event["lastTimestamp"])
            for event in self.context.api.list("Event", self.owner["metadata"]["namespace"])
            if event["reason"] == "FailedDaemonPod" and event.get("lastTimestamp")
            and event["involvedObject"].get("uid") == uid
            and event["message"].endswith(end)
        ]
        if not times:
            return 0
        pause = min(2.0 ** (len(times) - 1), LONGEST_BACKOFF)
        return max(times) / SECOND + pause - self.context.world.clock.now / SECOND

    def _carry_out(self, plan: Plan) -> ApiError | None:
        control = PodControl(self.context, self.owner, COMPONENT)
        pod = base_pod(self.owner, self.digest)
        names = plan.create[:BURST]
        _, first = slow_start(len(names), lambda index: control.create(pinned(pod, names[index])))
        for doomed in plan.delete[:BURST]:
            try:
                control.delete(doomed)
            except ApiError as error:
                first = first or error
        if len(plan.create) > BURST or len(plan.delete) > BURST:
            self.delay = _soonest(self.delay, 0.02)
        return first

    # ------------------------------------------------------------------------------------------------ telling

    def _available(self, pod: Obj) -> bool:
        return is_available(pod, self.owner["spec"].get("minReadySeconds", 0), self.context.world.clock.now)

    def _status(self) -> dict[str, Any]:
        pods, chosen, misplaced, desired = self._pods(), list[Obj](), 0, 0
        for name, node in self._nodes().items():
            runs = should_run(self.owner, node)[0]
            desired += runs
            misplaced += name in pods and not runs
            if name in pods and runs:
                chosen.append(min(pods[name], key=age_order))
        available = sum(map(self._available, chosen))
        status = {
            "currentNumberScheduled": len(chosen),
            "numberMisscheduled": misplaced,
            "desiredNumberScheduled": desired,
            "numberReady": sum(map(is_ready, chosen)),
            "observedGeneration": self.owner["metadata"].get("generation", 0),
            "updatedNumberScheduled": sum(is_updated(self.owner, pod, self.digest) for pod in chosen),
            "numberAvailable": available,
            "numberUnavailable": desired - available,
        }
        always = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        return conditions.compact(status, *always)

    def write_status(self) -> None:
        before = self.owner.get("status", {})
        kept = {key: before[key] for key in ("collisionCount", "conditions") if key in before}
        status = {**self._status(), **kept}
        if status != before:
            self.owner = self.context.api.update_status("DaemonSet", {**self.owner, "status": status})

    def look_again(self) -> float | None:
        pods = [pod for group in self._pods().values() for pod in group]
        minimum = self.owner["spec"].get("minReadySeconds", 0)
        return _soonest(self.delay, next_available(pods, minimum, self.context.world.clock.now))


def _of_node(context: Context, node: Obj) -> Iterable[str]:
    """The DaemonSets for which a changed node makes a difference."""
    name = node["metadata"]["name"]
    exists = context.api.get("Node", "", name) is not None
    here = {
        f"{pod['metadata']['namespace']}/{one['name']}"
        for pod in context.api.on_node("Pod", name)
        for one in pod["metadata"].get("ownerReferences", ())
        if one["kind"] == "DaemonSet" and one.get("controller")
    }
    for owner in context.api.list("DaemonSet"):
        key = object_key(owner)
        start, stay = should_run(owner, node)
        misplaced = key in here and (not stay or owner.get("status", {}).get("numberMisscheduled", 0) > 0)
        if not exists or misplaced or (start and key not in here):
            yield key


def _latency(context: Context, key: str) -> float:
    """Longer with more nodes, so that the work stays proportional to them."""
    owner = context.api.get("DaemonSet", *split_key(key))
    return 0.02 + 1e-4 * int((owner or {}).get("status", {}).get("desiredNumberScheduled", 0))


CONTROLLER = Controller(
    "daemonset",
    watches={"DaemonSet": itself, "Pod": owner_or_selecting("DaemonSet"), "Node": _of_node},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:kube-system:daemon-set-controller",
    steady=frozenset({"Pod"}),
)
