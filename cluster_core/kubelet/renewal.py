"""RestartAllContainers: a container whose restart rule says so makes the whole pod begin anew in place.

Models ShouldAllContainersRestart of pkg/kubelet/container/helpers.go: all containers are ended and started again from the
first init container on, keeping the pod's name, address and volumes, without back-off.
"""

from __future__ import annotations

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet import stopping
from cluster_core.kubelet.restarts import RESTART_ALL, matching_rule
from cluster_core.kubelet.work import Work
from cluster_core.machinery.typed import Obj


def renew(work: Work, ended: bool) -> bool:
    """Go on with beginning anew when that is under way, or wanted now that containers have `ended`; answers whether others
    have still to end."""
    if "renewal" not in work.memory:
        if not ended or not any(_asks(container, work.statuses.get(container["name"])) for container in _members(work)):
            return False
        work.memory["renewal"] = work.touched = True
        work.memory.pop("flight", None)
    for name in work.running():
        stopping.stop(work, name, stopping.LEAST_GRACE, "killing")
    if work.running():
        return True
    del work.memory["renewal"]
    for container in _members(work):
        _reset(work, container)
    return False


def _members(work: Work) -> list[Obj]:
    spec = work.pod["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


def _asks(container: Obj, status: Obj | None) -> bool:
    code = states.exit_code_of(status)
    return code is not None and matching_rule(container, code) == RESTART_ALL


def _reset(work: Work, container: Obj) -> None:
    """The container is as if it had never run, but for its count of restarts."""
    name = container["name"]
    for key in ("waits", "again", "backoff", "exits"):
        remember.drop(work.memory, key, name)
    before = work.statuses.get(name)
    if before is not None and "waiting" not in before["state"]:
        work.set(name, states.renewed(container, before))
