"""One pod on one node while its kubelet attends to it: what is known, what is to be written.

Everything a step changes is gathered here and written once at the end, so that a pod costs few status updates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import podlevel, staticpods
from cluster_core.kubelet import status as states
from cluster_core.kubelet.memory import Memory
from cluster_core.kubelet.restarts import should_restart
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet


class Work:
    """A pod being synchronised. `statuses` are the container statuses as they stand, by container name."""

    __slots__ = ("_old", "allocated", "conditions", "dropped", "failed", "fleet", "gone", "machine", "memory", "pod", "statuses", "touched")

    def __init__(self, fleet: Fleet, machine: Any, pod: Obj, memory: Memory) -> None:
        self.fleet = fleet
        self.machine = machine
        self.pod = pod
        self.memory = memory
        self.failed: tuple[str, str] | None = None
        self.conditions: list[Obj] = []
        """Conditions to be set beside the usual ones."""
        self.dropped: set[str] = set()
        """Types of conditions that are no longer to be there."""
        self.touched = False
        self.allocated = False
        """Whether running containers have been given other resources."""
        self.gone = False
        status = pod.get("status", {})
        self._old: Obj = status
        found = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        found += status.get("ephemeralContainerStatuses", ())
        self.statuses: dict[str, Obj] = {each["name"]: each for each in found}
        if "statuses" in memory:
            self.statuses.update(memory["statuses"])
            self.touched = "flight" not in memory

    # ------------------------------------------------------------------------------------------------ facts

    @property
    def now(self) -> int:
        return self.fleet.clock.now

    @property
    def elapsed(self) -> int:
        """Microseconds since the cluster's start: for draws, which must not depend on when that was."""
        return self.fleet.clock.now - self.fleet.clock.start

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self.pod["metadata"]

    @property
    def phase(self) -> str:
        return str(self._old.get("phase", "Pending"))

    @property
    def begun(self) -> bool:
        """Whether the kubelet has taken the pod on."""
        return "startTime" in self._old

    @property
    def full_name(self) -> str:
        """As format.Pod prints it: name_namespace(uid)."""
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"

    def containers(self) -> list[Obj]:
        spec = self.pod["spec"]
        return [*spec.get("initContainers", ()), *spec["containers"], *spec.get("ephemeralContainers", ())]

    def container(self, name: str) -> Obj:
        return next(container for container in self.containers() if container["name"] == name)

    def is_running(self, name: str) -> bool:
        status = self.statuses.get(name)
        return status is not None and "running" in status["state"]

    def running(self) -> list[str]:
        return [name for name, status in self.statuses.items() if "running" in status["state"]]

    def restarts(self, container: Obj, status: Obj) -> bool:
        """Whether the container, which has ended, is started again."""
        ended = states.end_of(status)
        return ended is None or should_restart(self.pod, container, ended["exitCode"])

    def started_at(self, name: str) -> int:
        return parse_time(self.statuses[name]["state"]["running"]["startedAt"])

    # ------------------------------------------------------------------------------------------------ changing

    def set(self, name: str, status: Obj) -> None:
        """Take note of a container's new status; written at the end of the sync."""
        self.statuses[name] = status
        self.touched = True
        if "running" not in status["state"]:
            self.fleet.loads.ended(self.machine.name, self.uid, name)

    def fail(self, reason: str, message: str) -> None:
        """The pod as a whole has failed."""
        self.failed = (reason, message)
        self.touched = True

    def event(self, type: str, reason: str, message: str, container: str = "") -> None:
        path = f"spec.{self._list_of(container)}{{{container}}}" if container else ""
        self.fleet.api.event(
            staticpods.own(self.pod), type, reason, message, component="kubelet", host=self.machine.name, field_path=path
        )

    def _list_of(self, name: str) -> str:
        for key in ("containers", "initContainers", "ephemeralContainers"):
            if any(container["name"] == name for container in self.pod["spec"].get(key, ())):
                return key
        return "containers"

    def delay(self, timing: str, *names: object) -> int:
        """A drawn duration in microseconds, by the cluster's timings."""
        if self.fleet.instant:
            return 0
        return round(self.fleet.timings.draw(timing, self.uid, *names) * SECOND)

    def strikes(self, failure: str, *names: object) -> bool:
        """Whether a failure of this name, by the cluster's timings, happens now."""
        return not self.fleet.instant and self.fleet.timings.happens(failure, self.uid, *names, self.elapsed)

    def launch(self, name: str) -> Launch:
        """What the container's start is made of."""
        container = self.container(name)
        attempt = int(self.statuses[name]["restartCount"]) if name in self.statuses else 0
        found = self.fleet.environs.of(self.pod, container)
        return Launch(self._with_address(), found.container, attempt, self.machine.name, found.environment, found.files, self.now, found.changes)

    def _with_address(self) -> Obj:
        """The pod, with its address where that is known but not written yet."""
        ip = self.memory.get("ip")
        status = self.pod.get("status", {})
        return {**self.pod, "status": {**status, "podIP": ip}} if ip and not status.get("podIP") else self.pod

    def container_id(self, name: str) -> str:
        attempt = self.statuses[name]["restartCount"] if name in self.statuses else 0
        digits = self.fleet.seed.uid("container", self.uid, name, attempt) + self.fleet.seed.uid(
            "id", self.uid, name, attempt
        )
        scheme = {"crio": "cri-o", "cri-o": "cri-o"}.get(self.machine.runtime, self.machine.runtime)
        return f"{scheme}://{digits.replace('-', '')}"

    # ------------------------------------------------------------------------------------------------ writing

    def finish(self) -> None:
        """Write the status when it has changed and no start is under way, and plan the next look."""
        if self.gone:
            return
        if self.touched:
            if "flight" in self.memory and self.begun:
                remember.entry(self.memory, "statuses").update(self.statuses)
            else:
                self.write()

    def write(self) -> None:
        self.memory.pop("statuses", None)
        self.touched = False
        new = self._new_status()
        if new != self._old:
            self.pod = self.fleet.api.update_status("Pod", {**self.pod, "status": new})
            self._old = new
            if new["phase"] in states.ENDED:
                self.fleet.shares.left(self.machine.name, self.uid)
            elif self.allocated:
                self.fleet.shares.changed(self.machine.name, self.pod)
        for key in ("ip", "sandbox"):
            self.memory.pop(key, None)

    def _new_status(self) -> dict[str, Any]:
        pod, now = self.pod, self.fleet.clock.timestamp()
        if self.failed and not self.begun and not self.statuses:
            return self._rejected(*self.failed, now)
        phase = "Failed" if self.failed else self._settled_phase()
        sandbox = self.has_sandbox() and phase not in states.ENDED
        new: dict[str, Any] = {**self._old, "phase": phase}
        if self.failed:
            new["reason"], new["message"] = self.failed
        new["observedGeneration"] = pod["metadata"].get("generation", 1)
        renewing = "renewal" in self.memory
        new["conditions"] = self._merged(states.conditions(pod, self.statuses, phase, now, sandbox=sandbox, renewing=renewing))
        new.update(self._addresses())
        new.setdefault("startTime", now)
        self._show_resources(new)
        spec = pod["spec"]
        for key, name in _LISTS:
            if spec.get(key):
                new[name] = [self._status_of(container) for container in spec[key]]
        return new

    def _rejected(self, reason: str, message: str, now: str) -> dict[str, Any]:
        """The status of a pod that the kubelet has not even taken on. Models rejectPod of pkg/kubelet/kubelet.go."""
        told = {"phase": "Failed", "reason": reason, "message": message, "startTime": now}
        return {**self._old, **told, "observedGeneration": self.pod["metadata"].get("generation", 1)}

    def _show_resources(self, new: dict[str, Any]) -> None:
        """What the pod as a whole has been given, unless a resize has still to wait."""
        generation, old = self.pod["metadata"].get("generation", 1), self._old
        known = "resources" in old and (old["phase"] == "Running") == (new["phase"] == "Running")
        if known and not self.allocated and old.get("observedGeneration") == generation:
            return
        if "due" in self.memory.get("resizing", {}) or any(found["type"] == "PodResizePending" for found in new["conditions"]):
            return
        new.pop("allocatedResources", None)
        new.update(podlevel.shown(self.pod["spec"], new["phase"] == "Running"))

    def _merged(self, usual: list[dict[str, Any]]) -> list[Any]:
        """The usual conditions with the special ones: those of a resize before the kubelet's own, others behind."""
        if not self.conditions and not self.dropped:
            return usual
        away = {*self.dropped, *(found["type"] for found in self.conditions)}
        rest = [found for found in usual if found["type"] not in away]
        generation = self.pod["metadata"].get("generation", 1)
        more = [{**found, "observedGeneration": generation} for found in self.conditions]
        place = next((index for index, found in enumerate(rest) if found["type"] in states.OWNED), len(rest))
        first = [found for found in more if found["type"].startswith("PodResize")]
        return [*rest[:place], *first, *rest[place:], *(found for found in more if found not in first)]

    def condition(self, type: str) -> Obj | None:
        """The pod's condition of this type."""
        return next((found for found in self._old.get("conditions", ()) if found["type"] == type), None)

    def _settled_phase(self) -> str:
        """An ended pod stays ended."""
        return self.phase if self.phase in states.ENDED else states.phase(self.pod, self.statuses)

    def _status_of(self, container: Obj) -> Obj:
        found = self.statuses.get(container["name"])
        if found is not None:
            return found
        blocked = self.pod["spec"].get("initContainers") or self.failed
        return states.waiting(container, "PodInitializing" if blocked else "ContainerCreating")

    def has_sandbox(self) -> bool:
        """Whether the pod's network namespace is there."""
        known = self.memory.get("sandbox")
        if known is not None:
            return bool(known)
        conditions = self._old.get("conditions", ())
        return any(c["type"] == "PodReadyToStartContainers" and c["status"] == "True" for c in conditions)

    def _addresses(self) -> dict[str, Any]:
        host = self.machine.address
        found: dict[str, Any] = {"hostIP": host, "hostIPs": [{"ip": host}]}
        ip = self.memory.get("ip")
        if ip:
            found |= {"podIP": ip, "podIPs": [{"ip": ip}]}
        return found


_LISTS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)
