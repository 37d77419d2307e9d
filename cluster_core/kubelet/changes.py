"""Changes of the spec of a running pod: another image restarts the container, other resources are set while it runs.

Models computePodActions (container definition changed).
"""

from __future__ import annotations

from cluster_core.kubelet.resizing import resize
from cluster_core.kubelet.stopping import grace_of, stop
from cluster_core.kubelet.work import Work
from cluster_core.machinery.containers import PullError
from cluster_core.machinery.typed import Obj


def are_due(work: Work) -> bool:
    """Whether the spec has changed since the status was written, or a resize is not through."""
    if "arrived" in work.memory or "resizing" in work.memory:
        return True
    return bool(work.pod["metadata"].get("generation", 1) != work.pod["status"].get("observedGeneration", 1))


def apply(work: Work) -> None:
    """Bring running containers in line with what the spec says now."""
    for container in work.pod["spec"]["containers"]:
        status = work.statuses.get(container["name"])
        if status is None or "running" not in status["state"]:
            continue
        if _other_image(work, container, status):
            name = container["name"]
            stop(work, name, grace_of(work.pod), f"Container {name} definition changed, will be restarted")
    resize(work)


def _other_image(work: Work, container: Obj, status: Obj) -> bool:
    try:
        return bool(work.fleet.workloads.find(container["image"]).reference != status["image"])
    except PullError:
        return True
