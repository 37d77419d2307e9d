"""Pods that put more on the disk than they may: limits of ephemeral storage and of emptyDir volumes.

Models localStorageEviction of pkg/kubelet/eviction/eviction_manager.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet.loads import INTERVAL, disk_of
from cluster_core.kubelet.work import Work
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj

_KEY = "ephemeral-storage"


def check(work: Work) -> str:
    """Why the pod has to go, "" when it may stay; and look again when more is written."""
    work.memory.pop("disk", None)
    files: dict[str, dict[str, int]] = {}
    later: list[int] = []
    for name in work.running():
        launch, started = work.launch(name), work.started_at(name)
        files[name] = disk_of(work.fleet, launch, started)
        later += [at for at, _, _ in work.fleet.workloads.disk(launch, started) if at > work.now]
    why = _too_much(work.pod, files)
    if not why:
        work.fleet.loads.look(work.machine.name)
        if later:
            work.memory["disk"] = min(later) + INTERVAL
    return why


def _too_much(pod: Obj, files: dict[str, dict[str, int]]) -> str:
    containers = {each["name"]: each for each in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))}
    volumes = _by_volume(containers, files)
    for volume in pod["spec"].get("volumes", ()):
        limit = volume.get("emptyDir", {}).get("sizeLimit")
        if limit and 0 < quantity.value(limit) < volumes.get(volume["name"], 0):
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
    return _over_limits(pod, containers, files)


def _over_limits(pod: Obj, containers: dict[str, Any], files: dict[str, dict[str, int]]) -> str:
    limits = {name: each["resources"]["limits"][_KEY] for name, each in containers.items() if _KEY in each.get("resources", {}).get("limits", {})}
    whole = sum(quantity.value(limit) for name, limit in limits.items() if any(c["name"] == name for c in pod["spec"]["containers"]))
    if whole and sum(sum(found.values()) for found in files.values()) > whole:
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {quantity.in_bytes(whole)}. "
    for name, limit in limits.items():
        if _own(containers[name], files.get(name, {})) > quantity.value(limit):
            return f'Container {name} exceeded its local ephemeral storage limit "{limit}". '
    return ""


def _own(container: Obj, files: dict[str, int]) -> int:
    """Bytes that are not in volumes."""
    places = [mount["mountPath"].rstrip("/") + "/" for mount in container.get("volumeMounts", ())]
    return sum(size for path, size in files.items() if not any(path.startswith(place) for place in places))


def _by_volume(containers: dict[str, Any], files: dict[str, dict[str, int]]) -> dict[str, int]:
    found: dict[str, dict[str, int]] = {}
    for name, sizes in files.items():
        for mount in containers.get(name, {}).get("volumeMounts", ()):
            place = mount["mountPath"].rstrip("/") + "/"
            inside = {path[len(place) :]: size for path, size in sizes.items() if path.startswith(place)}
            found.setdefault(mount["name"], {}).update(inside)
    return {volume: sum(sizes.values()) for volume, sizes in found.items()}

