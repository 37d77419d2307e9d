"""Lifecycle hooks: what runs right after a container has started and before it is told to end.

Models pkg/kubelet/lifecycle/handlers.go and the hooks' place in pkg/kubelet/kuberuntime/kuberuntime_container.go: until its
postStart hook is through, nobody hears that a container runs; a container whose hook fails is killed.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import HookResult
from cluster_core.machinery.typed import Obj

KILLED = 137


def run(work: Work, name: str, hook: Obj) -> HookResult:
    """What the hook does, and how long it takes. Raises Missing."""
    if "sleep" in hook:
        return HookResult(float(hook["sleep"]["seconds"]))
    return work.fleet.workloads.hook(work.launch(name), hook, work.started_at(name))


def begin(work: Work, flight: dict[str, Any], name: str) -> None:
    """The container has started: run its postStart hook."""
    result = run(work, name, work.container(name)["lifecycle"]["postStart"])
    flight["stage"], flight["hook"] = "hook", [name, result.problem]
    flight["due"] = work.now + round(result.seconds * SECOND)


def finish(work: Work, flight: dict[str, Any]) -> None:
    """The postStart hook is through."""
    name, problem = flight.pop("hook")
    flight["stage"] = "next"
    if not problem:
        return
    hook = work.container(name)["lifecycle"]["postStart"]
    work.event("Warning", "FailedPostStartHook", "PostStartHook failed", name)
    if work.is_running(name):
        work.event("Normal", "Killing", "FailedPostStartHook", name)
        for key in ("exits", "probes"):
            remember.drop(work.memory, key, name)
        work.set(name, states.terminated(work.statuses[name], KILLED, "Error", "", work.fleet.clock.timestamp()))
    show_unstarted(work, work.container(name), "PostStartHookError", _told(work, name, hook, problem))


def _told(work: Work, name: str, hook: Obj, problem: str) -> str:
    where = f'for Container "{name}" in Pod "{work.full_name}" failed - error: {problem}'
    if "exec" in hook:
        return f"Exec lifecycle hook ([{' '.join(hook['exec']['command'])}]) {where}"
    return f"HTTP lifecycle hook ({hook.get('httpGet', {}).get('path', '')}) {where}"


def show_unstarted(work: Work, container: Obj, reason: str, message: str) -> None:
    """A container that ended because it could not be started shows as waiting when it will be started again."""
    name = container["name"]
    status = work.statuses[name]
    if not work.restarts(container, status):
        return
    work.set(name, states.waiting(container, reason, message, status))
    remember.entry(work.memory, "waits")[name] = work.now + work.delay("resync", name, work.elapsed)
