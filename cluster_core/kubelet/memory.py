"""What a kubelet knows of a pod beyond its status in the API: as plain JSON, so that it can be put away.

A pod that just runs has none: its status tells everything. Keys of a `Memory`:

    flight      containers being started in this sync: {"queue": names, "stage", "due", "begun"}
    statuses    container statuses not written yet, by container name
    exits       containers that will end: name -> [due, exit code, reason, message]
    stopping    containers told to stop: name -> [due, exit code, reason, why]
    backoff     restart back-off: name -> [seconds, last change]; pulls: the same for image pulls
    again       containers whose wait ends with another restart
    backing-off when a failed pull shows as ImagePullBackOff
    sandbox, ip whether the pod's network is there, and its address
    deadline    when activeDeadlineSeconds are over; removal: when the ended pod is let go
    waits       when a back-off ends: name -> due
    probes      name -> kind of probe -> {"due", "good", "bad"}
    waiting     references to ConfigMaps and Secrets that are missing
"""

from __future__ import annotations

from typing import Any

Memory = dict[str, Any]


def entry(memory: Memory, key: str) -> dict[str, Any]:
    """The dictionary under `key`, made when absent."""
    found = memory.get(key)
    if found is None:
        found = memory[key] = {}
    return found  # type: ignore[no-any-return]


def drop(memory: Memory, key: str, name: str) -> Any:
    """Take `name` out of the dictionary under `key`, and that away when it is empty. Answers what was there."""
    found = memory.get(key)
    if not found or name not in found:
        return None
    value = found.pop(name)
    if not found:
        del memory[key]
    return value


def next_due(memory: Memory) -> int | None:
    """The earliest time at which the pod wants attention."""
    times: list[int] = []
    if "flight" in memory:
        times.append(memory["flight"]["due"])
    times += [planned[0] for key in ("exits", "stopping") for planned in memory.get(key, {}).values()]
    for key in ("waits", "backing-off"):
        times += memory.get(key, {}).values()
    times += [
        probe["due"] for probes in memory.get("probes", {}).values() for probe in probes.values() if "due" in probe
    ]
    times += [memory[key] for key in ("deadline", "removal") if key in memory]
    return min(times) if times else None
