"""Files of mounted volumes follow their ConfigMaps, Secrets and the pod's own labels and annotations.

Models the reconciler of pkg/kubelet/volumemanager: what has changed is written at one of the pod's next syncs, within a minute.
What a volume held before is remembered, because what a container did with it is: memory["mounted"] has, by volume, the
contents in turn, each with the time since which it was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import volumes
from cluster_core.kubelet.memory import Memory
from cluster_core.kubelet.surroundings import Missing
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

Contents = list[Any]
"""[[since, {path: text}], ...] of one volume."""
_MOST_TEXT = 64 * 1024
_MOST_VERSIONS = 16
_STIR = 0.05
"""Seconds until a container is looked at that finds other files."""
_DATA = ("data", "binaryData")
_ROOT_CA = "kube-root-ca.crt"


class _Before:
    """The API as it was before one object changed."""

    def __init__(self, api: Client, change: Change) -> None:
        self._api, self._change = api, change
        metadata = change.obj["metadata"]
        self._key = (change.kind.name, metadata.get("namespace", ""), metadata["name"])

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._change.old if (kind, namespace, name) == self._key else self._api.get(kind, namespace, name)

    def token(self, pod: Obj, audiences: Sequence[str], seconds: int) -> str:
        return self._api.token(pod, audiences, seconds)


# ------------------------------------------------------------------------------------------------ hearing of it


def object_changed(fleet: Fleet, change: Change) -> None:
    """A ConfigMap or Secret has other contents than before: plan a look at the pods that have it mounted."""
    old, new = change.old or {}, change.new or {}
    metadata = change.obj["metadata"]
    if metadata["name"] == _ROOT_CA or all(old.get(key) == new.get(key) for key in _DATA):
        return
    for pod in fleet.api.list("Pod", metadata.get("namespace", "")):
        affected = [each for each in _mounted(pod) if volumes.refers(each, change.kind.name, metadata["name"])]
        if affected:
            delay = fleet.timings.draw("volume-refresh", pod["metadata"]["uid"], fleet.clock.since_start)
            _plan(fleet, pod, affected, _Before(fleet.api, change), delay)


def pod_changed(fleet: Fleet, old: Obj, new: Obj) -> None:
    """Labels or annotations are others: what the downward API tells of them follows at the pod's next sync, which is now."""
    before, after = old["metadata"], new["metadata"]
    if all(before.get(key) == after.get(key) for key in ("labels", "annotations")):
        return
    affected = [volume for volume in _mounted(new) if volumes.tells_of_pod(volume)]
    if affected:
        _plan(fleet, old, affected, fleet.api, fleet.timings.draw("resync", after["uid"], fleet.clock.since_start))


def _can_be_kept(files: Mapping[str, str]) -> bool:
    """Whether it is text, and not too much of it."""
    return sum(map(len, files.values())) <= _MOST_TEXT and all(volumes.is_text(text) for text in files.values())


def _mounted(pod: Obj) -> Iterator[Obj]:
    for volume in pod["spec"].get("volumes", ()):
        if any(key in volume for key in volumes.SOURCES) and not volume["name"].startswith(volumes.TOKEN_VOLUME):
            yield volume


def _plan(fleet: Fleet, pod: Obj, affected: list[Obj], before: Client | _Before, delay: float) -> None:
    """Remember what the volumes hold, and have the pod looked at after so many seconds."""
    node = pod["spec"].get("nodeName", "")
    machine = fleet.machines.get(node)
    if machine is None or "containerStatuses" not in pod.get("status", {}):
        return
    memory = fleet.memory_of(pod)
    for volume in affected:
        try:
            files = volumes.contents(before, pod, volume, fleet.environs.node_facts(pod))
        except Missing:
            continue
        if _can_be_kept(files):
            remember.entry(memory, "mounted").setdefault(volume["name"], [[0, files]])
    due = fleet.clock.now + round(delay * SECOND)
    memory["refresh"] = min(due, memory.get("refresh", due))
    fleet.world.agenda.soon(fleet.name, f"{node}|pod|{object_key(pod)}", delay)


# ------------------------------------------------------------------------------------------------ doing it


def refresh(work: Work) -> None:
    """Write into the volumes what has become of their objects, when that is due."""
    if work.memory.get("refresh", work.now + 1) > work.now:
        return
    del work.memory["refresh"]
    by_name = {volume["name"]: volume for volume in _mounted(work.pod)}
    changed = {name for name, versions in list(work.memory.get("mounted", {}).items()) if _rewritten(work, by_name[name], versions)}
    for container in work.pod["spec"]["containers"]:
        if work.is_running(container["name"]) and any(each["name"] in changed for each in container.get("volumeMounts", ())):
            _noticed(work, container)


def _rewritten(work: Work, volume: Obj, versions: Contents) -> bool:
    """Whether the volume has got other contents. One that cannot be had any more stays as it is."""
    try:
        files = volumes.contents(work.fleet.api, work.pod, volume, work.fleet.environs.node_facts(work.pod))
    except Missing:
        return False
    if files == versions[-1][1]:
        return False
    if not _can_be_kept(files):
        remember.drop(work.memory, "mounted", volume["name"])
        return True
    versions.append([work.now, files])
    del versions[1 : len(versions) - _MOST_VERSIONS + 1]
    return True


def _noticed(work: Work, container: Obj) -> None:
    """What the container's process does may be otherwise from now on: its end and what its probes find."""
    name = container["name"]
    started = work.started_at(name)
    outcome = work.fleet.workloads.again(work.launch(name), started)
    remember.drop(work.memory, "exits", name)
    if outcome.after is not None:
        due = max(work.now, started + round(outcome.after * SECOND))
        remember.entry(work.memory, "exits")[name] = [due, outcome.exit_code, outcome.reason, outcome.message]
    work.fleet.probes.look_again(work.memory, container, work.now)


def stir(fleet: Fleet, key: str, container: str) -> None:
    """What the container of the pod finds in its volumes is not what it was believed to find: look at it."""
    pod = fleet.api.get("Pod", *split_key(key))
    if pod is not None and pod["spec"].get("nodeName"):
        fleet.world.agenda.soon(fleet.name, f"{pod['spec']['nodeName']}|stirred|{key}/{container}", _STIR)


def stirred(fleet: Fleet, node: str, where: str) -> None:
    """It is time to look at such a container."""
    key, _, name = where.rpartition("/")
    machine, pod = fleet.well_machine(node), fleet.api.get("Pod", *split_key(key))
    if machine is None or pod is None or pod["spec"].get("nodeName") != node:
        return
    fleet.attend(machine, pod, lambda work: _look_again(work, name))


def _look_again(work: Work, name: str) -> None:
    if work.is_running(name) and name not in work.memory.get("stopping", {}):
        _noticed(work, work.container(name))


# ------------------------------------------------------------------------------------------------ what containers see


def first_and_later(memory: Memory, container: Obj, files: dict[str, str]) -> tuple[dict[str, str], list[tuple[int, Mapping[str, str | None]]]]:
    """A container's files as they were at first, and what was written to them later: (time, path -> text or None)."""
    later: list[tuple[int, Mapping[str, str | None]]] = []
    for mount in container.get("volumeMounts", ()):
        versions = memory.get("mounted", {}).get(mount["name"])
        if not versions or mount.get("subPath"):
            continue  # a file mounted by subPath stays what it was
        shown = [volumes.mounted(contents, mount) for _, contents in versions]
        files = {path: text for path, text in files.items() if path not in shown[-1]} | shown[0]
        later += [
            (versions[index][0], {**dict.fromkeys(set(shown[index - 1]) - set(shown[index])), **shown[index]})
            for index in range(1, len(versions))
        ]
    return files, sorted(later, key=lambda change: change[0])
