"""What a kubelet knows of a pod beyond its status in the API: as plain JSON, so that it can be put away.

A pod that just runs has none: its status tells everything. Keys of a `Memory`:

    flight      containers being started in this sync: {"queue": names, "stage", "due", "begun"}; "hook": [name, problem]
    statuses    container statuses not written yet, by container name
    exits       containers that will end: name -> [due, exit code, reason, message]
    asks        containers whose scripts ask the network something: name -> [due, when it could be, whether it is a chore]
    stopping    containers told to stop: name -> [due, exit code, reason, why]
    turns       containers that are told to stop when others have ended: name -> deadline
    renewal     all containers are being ended in order to begin anew
    resizing    other resources are being given to running containers: {"generation", "due"}, without "due" when they are set
    doom        why the pod fails as a whole when its containers have ended: {"reason", "message", "by", "condition"};
                "condition" is the reason and message of DisruptionTarget, or none
    backoff     restart back-off: name -> [seconds, last change]; pulls: the same for image pulls, with the image
    again       containers whose wait ends with another restart
    backing-off when a failed pull shows as ImagePullBackOff
    sandbox, ip whether the pod's network is there, and its address
    deadline    when activeDeadlineSeconds are over; removal: when the ended pod is let go
    waits       when a back-off ends: name -> due
    mounted     volume -> [[since, {path: text}], ...] where contents have changed; refresh: when to look for changes
    probes      name -> kind of probe -> {"due", "good", "bad"}
    disk        when to see whether the pod has put too much on the disk
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
    return found


def drop(memory: Memory, key: str, name: str) -> Any:
    """Take `name` out of the dictionary under `key`, and that away when it is empty. Answers what was there."""
    found = memory.get(key)
    if not found or name not in found:
        return None
    value = found.pop(name)
    if not found:
        del memory[key]
    return value


CHORE_WAIT = 150 * 1_000_000
"""A back-off longer than this goes on and on: nobody waits for its end."""


def next_due(memory: Memory, now: int) -> tuple[int | None, bool]:
    """The earliest time at which the pod wants attention, and whether that is but a chore: something that repeats for ever
    or lies far ahead."""
    if not memory:
        return None, False
    pressing = _pressing(memory, now)
    idle = [due for due in memory.get("waits", {}).values() if due - now > CHORE_WAIT]
    idle += [probe["due"] for probe in _probes(memory) if probe.get("idle")]
    idle += [due for due, _, chore in memory.get("asks", {}).values() if chore]
    first = min(pressing, default=None)
    if first is not None and first - now <= PATIENCE and (not idle or first <= min(idle)):
        return first, False
    every = [*pressing, *idle]
    return (min(every), not pressing or min(pressing) - now > PATIENCE) if every else (None, False)


PATIENCE = 600 * 1_000_000
"""What lies further ahead than this is a chore too."""


def _probes(memory: Memory) -> list[dict[str, Any]]:
    return [probe for probes in memory.get("probes", {}).values() for probe in probes.values() if "due" in probe]


def _pressing(memory: Memory, now: int) -> list[int]:
    """Times at which something happens that people wait for."""
    times: list[int] = []
    if "flight" in memory:
        times.append(memory["flight"]["due"])
    times += [planned[0] for key in ("exits", "stopping") for planned in memory.get(key, {}).values()]
    times += memory.get("backing-off", {}).values()
    times += memory.get("turns", {}).values()
    times += [due for due in memory.get("waits", {}).values() if due - now <= CHORE_WAIT]
    times += [probe["due"] for probe in _probes(memory) if not probe.get("idle")]
    times += [due for due, _, chore in memory.get("asks", {}).values() if not chore]
    times += [memory["resizing"]["due"]] if "due" in memory.get("resizing", ()) else []
    times += [memory[key] for key in ("deadline", "disk", "removal", "refresh") if key in memory]
    return times
