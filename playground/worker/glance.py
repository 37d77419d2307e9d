"""Many clusters at a glance, for small pictures of a whole class: only those in memory, none is woken for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from cluster_core.machinery.typed import Obj

from .resident import Resident

if TYPE_CHECKING:
    from .host import Host

Glance = dict[str, Any]
SYSTEM = "kube-system"
"""Its pods are in every cluster: they would hide what a student has made."""
_LETTERS = {"Pending": "p", "Succeeded": "s", "Failed": "f", "Unknown": "u"}
_seen: WeakKeyDictionary[Resident, tuple[int, Glance]] = WeakKeyDictionary()


async def glance(host: Host, args: Mapping[str, Any]) -> dict[str, Any]:
    """{"names": [...]} -> {"clusters": {name: picture}}, pictures as `picture` makes them; who sleeps is missing."""
    awake = {name: host.residents[name] for name in args.get("names", ()) if name in host.residents}
    return {"clusters": {name: _remembered(resident) for name, resident in awake.items()}}


def _remembered(resident: Resident) -> Glance:
    found = _seen.get(resident)
    if found is None or found[0] != resident.committed:
        found = _seen[resident] = resident.committed, picture(resident)
    return found[1] | {"clock": resident.pace.settings()}


def picture(resident: Resident) -> Glance:
    """{"revision", "nodes": [{"name", "ready", "pods": "rrp"}], "waiting": "pp"}: a letter per pod (`letter`), by node;
    `waiting` are those without a node."""
    pods: dict[str, list[str]] = {}
    for _, pod in resident.engine.objects(("Pod",)):
        if pod["metadata"]["namespace"] == SYSTEM:
            continue
        pods.setdefault(pod["spec"].get("nodeName", ""), []).append(letter(pod))
    nodes = [
        {"name": node["metadata"]["name"], "ready": is_ready(node), "pods": "".join(sorted(pods.get(node["metadata"]["name"], ())))}
        for _, node in resident.engine.objects(("Node",))
    ]
    return {"revision": resident.committed, "nodes": nodes, "waiting": "".join(sorted(pods.get("", ())))}


def letter(pod: Obj) -> str:
    """r: ready, n: running but not ready, p: pending, c: crashes or cannot start, s: succeeded, f: failed, t: terminating."""
    if "deletionTimestamp" in pod["metadata"]:
        return "t"
    status = pod.get("status", {})
    if any(_is_stuck(container) for container in status.get("containerStatuses", ())):
        return "c"
    if status.get("phase") == "Running":
        return "r" if is_ready(pod) else "n"
    return _LETTERS.get(status.get("phase", "Pending"), "p")


def _is_stuck(container: Mapping[str, Any]) -> bool:
    reason: str = (container.get("state") or {}).get("waiting", {}).get("reason", "")
    return reason.endswith(("BackOff", "Error", "InvalidImageName"))


def is_ready(obj: Obj) -> bool:
    conditions: Sequence[Mapping[str, Any]] = obj.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
