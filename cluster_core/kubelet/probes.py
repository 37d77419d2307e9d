"""Startup, liveness and readiness probes. One that will answer the same way for ever costs nothing: it is looked at when
its answer could change. Models pkg/kubelet/prober."""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet.stopping import stop
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import ProbeResult
from cluster_core.machinery.typed import Obj

KINDS = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}
LABELS = {"startup": "Startup", "liveness": "Liveness", "readiness": "Readiness"}


class Probes:
    """The prober of all kubelets. State lives in the pods' memories."""

    def begin(self, work: Work, container: Obj, status: dict[str, Any]) -> None:
        """The container has started: it is started and ready at once where no probe says otherwise."""
        status["started"] = "startupProbe" not in container
        status["ready"] = status["started"] and "readinessProbe" not in container
        if work.fleet.instant:
            status["started"] = status["ready"] = True
            return
        first = ["startup"] if "startupProbe" in container else ["liveness", "readiness"]
        for kind in first:
            self._plan_first(work, container, kind)

    def look_again(self, memory: remember.Memory, container: Obj, now: int) -> None:
        """Somebody has been in the running container: what was settled may be otherwise."""
        probes = memory.get("probes", {}).get(container["name"], {})
        for kind in () if "startup" in probes else ("liveness", "readiness"):
            probe = container.get(KINDS[kind])
            if probe is not None:
                known = remember.entry(remember.entry(memory, "probes"), container["name"])
                state = known.setdefault(kind, {"good": 0, "bad": 0})
                state["due"] = min(state.get("due", now + 10**15), now + int(probe.get("periodSeconds", 10)) * SECOND)

    def _plan_first(self, work: Work, container: Obj, kind: str) -> None:
        probe = container.get(KINDS[kind])
        if probe is None:
            return
        delay = max(float(probe.get("initialDelaySeconds", 0)), 0.0)
        jitter = work.fleet.seed.fraction("probe", work.uid, container["name"], kind)
        due = work.now + round((delay + jitter * min(1.0, float(probe["periodSeconds"]))) * SECOND)
        probes = remember.entry(remember.entry(work.memory, "probes"), container["name"])
        probes[kind] = {"due": due, "good": 0, "bad": 0}

    def settle(self, work: Work) -> None:
        """Run the probes that are due."""
        for name, probes in sorted(work.memory.get("probes", {}).items()):
            for kind in KINDS:
                state = probes.get(kind)
                if state is not None and state.get("due", work.now + 1) <= work.now and work.is_running(name):
                    self._run(work, name, kind, state)

    def _run(self, work: Work, name: str, kind: str, state: dict[str, Any]) -> None:
        container = work.container(name)
        probe = container[KINDS[kind]]
        result = work.fleet.workloads.probe(work.launch(name), probe, work.started_at(name))
        if result.success:
            state["good"], state["bad"] = state["good"] + 1, 0
        else:
            state["good"], state["bad"] = 0, state["bad"] + 1
            text = f"{LABELS[kind]} probe failed: {result.output}"
            work.event("Warning", "Unhealthy", text, name)
        self._plan_next(work, state, probe, result)
        if state["good"] >= probe.get("successThreshold", 1):
            self._succeeded(work, container, kind)
        elif state["bad"] >= probe.get("failureThreshold", 3):
            self._failed(work, container, kind)

    def _plan_next(self, work: Work, state: dict[str, Any], probe: Obj, result: ProbeResult) -> None:
        """At the next period; when the answer is settled and will stay, at the period in which it changes, if ever."""
        period = int(probe.get("periodSeconds", 10)) * SECOND
        settled = state["good"] >= probe.get("successThreshold", 1)
        if not settled:
            state["due"] = work.now + period
            state["idle"] = result.again is None and state["bad"] > probe.get("failureThreshold", 3)
        elif result.again is None:
            state.pop("due", None)
        else:
            periods = max(1, -(-round(result.again * SECOND) // period))
            state["due"] = work.now + periods * period

    def _succeeded(self, work: Work, container: Obj, kind: str) -> None:
        name = container["name"]
        status = work.statuses[name]
        if kind == "startup":
            self._forget(work, name, kind)
            ready = "readinessProbe" not in container
            work.set(name, {**status, "started": True, "ready": ready})
            self._plan_first(work, container, "liveness")
            self._plan_first(work, container, "readiness")
        elif kind == "readiness" and not status["ready"]:
            work.set(name, {**status, "ready": True})
        self._quiet(work, name, kind)

    def _quiet(self, work: Work, name: str, kind: str) -> None:
        """A probe with nothing planned needs no memory."""
        state = work.memory.get("probes", {}).get(name, {}).get(kind)
        if state is not None and "due" not in state:
            self._forget(work, name, kind)

    def _forget(self, work: Work, name: str, kind: str) -> None:
        probes = work.memory.get("probes", {}).get(name)
        if probes:
            probes.pop(kind, None)
            if not probes:
                remember.drop(work.memory, "probes", name)

    def _failed(self, work: Work, container: Obj, kind: str) -> None:
        name = container["name"]
        status = work.statuses[name]
        if kind == "readiness":
            if status["ready"]:
                work.set(name, {**status, "ready": False})
            return
        remember.drop(work.memory, "probes", name)
        probe = container[KINDS[kind]]
        grace = probe.get("terminationGracePeriodSeconds", work.pod["spec"].get("terminationGracePeriodSeconds", 30))
        why = f"Container {name} failed {kind} probe"
        restarts = (container.get("restartPolicy") or work.pod["spec"].get("restartPolicy", "Always")) != "Never"
        stop(work, name, int(grace), f"{why}, will be restarted" if restarts else f"Stopping container {name}")
