"""What `kubectl get pods` shows. Models printPod of pkg/printers/internalversion/printers.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cluster_core.apiserver.kind import Column
from cluster_core.apiserver.table import AGE, NAME, since
from cluster_core.kinds.columns import NONE, documented, is_true
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

_TERMINAL = ("Succeeded", "Failed")


class Summary(NamedTuple):
    """What the containers of a pod come down to."""

    reason: str
    ready: int
    total: int
    restarts: int
    last_restart: str


class _Tally:
    """Counts restarts and ready containers while walking container statuses."""

    def __init__(self) -> None:
        self.restarts = 0
        self.ready = 0
        self.last = ""

    def add(self, status: Obj) -> None:
        self.restarts += status.get("restartCount", 0)
        ended = (status.get("lastState") or {}).get("terminated") or {}
        finished = ended.get("finishedAt")
        if finished and (not self.last or any_time(finished) > any_time(self.last)):
            self.last = finished


def summary(pod: Obj) -> Summary:
    """The pod's STATUS, READY and RESTARTS before they become text."""
    spec, status = pod["spec"], pod.get("status") or {}
    restartable = {one["name"] for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(restartable)
    everything, sidecars = _Tally(), _Tally()
    found = _initializing(pod, restartable, (everything, sidecars))
    reason = found or _phase_reason(status)
    tally = everything
    if not found or is_true(pod, "Initialized"):
        sidecars.ready = everything.ready
        tally, reason = sidecars, _running(status, reason, sidecars, pod)
    return Summary(_deletion(pod, reason), tally.ready, total, tally.restarts, tally.last)


def _phase_reason(status: Obj) -> str:
    gated = any(
        one.get("type") == "PodScheduled" and one.get("reason") == "SchedulingGated"
        for one in status.get("conditions") or ()
    )
    return "SchedulingGated" if gated else status.get("reason") or status.get("phase", "")


def _initializing(pod: Obj, restartable: set[str], tallies: tuple[_Tally, _Tally]) -> str:
    """Why the init containers are not done yet, "" when they are."""
    everything, sidecars = tallies
    count = len(pod["spec"].get("initContainers") or ())
    for index, status in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        everything.add(status)
        sidecar = status.get("name") in restartable
        if sidecar:
            sidecars.add(status)
        state = status.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and status.get("started"):
            everything.ready += bool(status.get("ready"))
            continue
        return _init_reason(state, f"Init:{index}/{count}")
    return ""


def _init_reason(state: Obj, otherwise: str) -> str:
    ended = state.get("terminated")
    if ended is not None:
        return "Init:" + _ended_reason(ended)
    waiting = (state.get("waiting") or {}).get("reason", "")
    return f"Init:{waiting}" if waiting not in ("", "PodInitializing") else otherwise


def _ended_reason(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _running(status: Obj, reason: str, tally: _Tally, pod: Obj) -> str:
    """The state of the containers; the first one's counts most."""
    running, failed = False, ""
    for container in reversed(status.get("containerStatuses") or ()):
        tally.add(container)
        state = container.get("state") or {}
        ended = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif ended is not None:
            reason = _ended_reason(ended)
            failed = reason if ended.get("exitCode") else failed
        elif container.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    return _completed(running, failed, pod) if reason == "Completed" else reason


def _completed(running: bool, failed: str, pod: Obj) -> str:
    if running and is_true(pod, "Ready"):
        return "Running"
    return failed or ("NotReady" if running else "Completed")


def _deletion(pod: Obj, reason: str) -> str:
    if "deletionTimestamp" not in pod["metadata"]:
        return reason
    status = pod.get("status") or {}
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return reason if status.get("phase") in _TERMINAL else "Terminating"


def _ready(pod: Obj, now: int) -> str:
    found = summary(pod)
    return f"{found.ready}/{found.total}"


def _restarts(pod: Obj, now: int) -> str:
    found = summary(pod)
    if not found.restarts or not found.last_restart:
        return str(found.restarts)
    return f"{found.restarts} ({since(found.last_restart, now)} ago)"


def _ip(pod: Obj, now: int) -> str:
    addresses: Sequence[Obj] = (pod.get("status") or {}).get("podIPs") or ()
    return (addresses[0].get("ip") if addresses else "") or NONE


def _gates(pod: Obj, now: int) -> str:
    gates = pod["spec"].get("readinessGates") or ()
    if not gates:
        return NONE
    return f"{sum(is_true(pod, gate['conditionType']) for gate in gates)}/{len(gates)}"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column(
        "Status",
        lambda pod, now: summary(pod).reason,
        description="The aggregate status of the containers in this pod.",
    ),
    Column(
        "Restarts",
        _restarts,
        description="The number of times the containers in this pod have been restarted and when the last container "
        "in this pod has restarted.",
    ),
    AGE,
    Column("IP", _ip, description=documented("core.v1.PodStatus", "podIP"), priority=1),
    Column(
        "Node",
        lambda pod, now: pod["spec"].get("nodeName") or NONE,
        description=documented("core.v1.PodSpec", "nodeName"),
        priority=1,
    ),
    Column(
        "Nominated Node",
        lambda pod, now: (pod.get("status") or {}).get("nominatedNodeName") or NONE,
        description=documented("core.v1.PodStatus", "nominatedNodeName"),
        priority=1,
    ),
    Column("Readiness Gates", _gates, description=documented("core.v1.PodSpec", "readinessGates"), priority=1),
)
