"""What the scheduler writes about its pods: events, the PodScheduled condition, nominations, evictions.

Models handleSchedulingFailure, finishBinding and preemption.PreemptPod.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.machinery.clock import Clock
from cluster_core.machinery.errors import NotFound
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import messages
from cluster_core.scheduler.views import PodView

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client

COMPONENT = "default-scheduler"


class Reporter:
    """Writes through the API. A pod that has meanwhile gone is passed over."""

    def __init__(self, api: Client, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def scheduled(self, pod: Obj, node: str) -> None:
        metadata = pod["metadata"]
        text = messages.assigned(metadata["namespace"], metadata["name"], node)
        component = pod["spec"].get("schedulerName") or COMPONENT
        self._api.event(pod, "Normal", "Scheduled", text, component=component, action="Binding")

    def failed(self, pod: PodView, message: str) -> None:
        text, component = messages.note(message), pod.shape.scheduler
        about = self._current(pod) or pod.obj
        self._api.event(about, "Warning", "FailedScheduling", text, component=component, action="Scheduling")

    def unschedulable(self, pod: PodView, message: str, nominate: str | None, reason: str = "Unschedulable") -> None:
        """Write the condition, and the nomination unless it is None."""
        current = self._current(pod)
        if current is None:
            return
        status = self._with_condition(current, "PodScheduled", "False", reason, message)
        if nominate is not None:
            status = _nominated(status, nominate)
        self._write(current, status)

    def nominate(self, pod: PodView, node: str) -> None:
        """Write status.nominatedNodeName, "" to clear it."""
        current = self._current(pod)
        if current is not None:
            self._write(current, _nominated(current.get("status") or {}, node))

    def evict(self, victim: PodView, preemptor: PodView, node: str) -> None:
        current = self._current(victim)
        if current is None:
            return
        reason, text = "PreemptionByScheduler", messages.preempting(preemptor.shape.scheduler)
        status = self._with_condition(current, "DisruptionTarget", "True", reason, text)
        self._write(current, status)
        try:
            self._api.delete("Pod", victim.shape.namespace, victim.name, uid=victim.uid)
        except NotFound:
            return
        text, who, by = messages.preempted(preemptor.uid, node), preemptor.shape.scheduler, preemptor.obj
        self._api.event(current, "Normal", "Preempted", text, component=who, action="Preempting", related=by)

    def _current(self, pod: PodView) -> Obj | None:
        found = self._api.get("Pod", pod.shape.namespace, pod.name)
        return found if found is not None and found["metadata"]["uid"] == pod.uid else None

    def _write(self, current: Obj, status: Obj) -> None:
        if status != (current.get("status") or {}):
            self._api.update_status("Pod", {**current, "status": status})

    def _with_condition(self, pod: Obj, type: str, value: str, reason: str, message: str) -> dict[str, Any]:
        """The status with the condition, its transition time kept while the value stays."""
        status = dict(pod.get("status") or {})
        before = list(status.get("conditions") or ())
        known = next((c for c in before if c["type"] == type), None)
        generation = pod["metadata"].get("generation")
        same = known is not None and known["status"] == value
        condition = {
            "type": type,
            **({"observedGeneration": generation} if generation else {}),
            "status": value,
            "lastProbeTime": None,
            "lastTransitionTime": known["lastTransitionTime"] if same and known else self._clock.timestamp(),
            "reason": reason,
            "message": message,
        }
        if known is None:
            status["conditions"] = [*before, condition]
        else:
            status["conditions"] = [condition if c is known else c for c in before]
        return status


def _nominated(status: Obj, node: str) -> dict[str, Any]:
    others = {key: value for key, value in status.items() if key != "nominatedNodeName"}
    return {**others, "nominatedNodeName": node} if node else others
