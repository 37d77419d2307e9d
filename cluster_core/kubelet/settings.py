"""A kubelet's configuration, as far as it shows: what it keeps for the system, when it evicts, how it pulls.

Models pkg/kubelet/cm/node_container_manager_linux.go (allocatable). `machine.settings` is what the machine's kubelet was
started with, where that is not the usual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cluster_core.machinery import eviction, quantity
from cluster_core.machinery.clock import SECOND

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Go's duration: 5m0s."""
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


def capacity(machine: Any, resource: str) -> int:
    """All there is: cpu in thousandths, memory and ephemeral-storage in bytes rounded to KiB, pids."""
    if resource == "cpu":
        return quantity.milli(machine.cpu)
    if resource == "pid":
        return PIDS
    return quantity.value(machine.memory if resource == "memory" else machine.storage) // 1024 * 1024


PIDS = 32768


def reserved(machine: Any, resource: str) -> int:
    """What is kept for the system and for Kubernetes' own daemons."""
    read = quantity.milli if resource == "cpu" else quantity.value
    return sum(read(amount) for amount in machine.settings.get("reserved", {}).get(resource, ()))


def hard_thresholds(machine: Any) -> Mapping[str, str]:
    """The hard eviction thresholds by signal."""
    found: Mapping[str, str] = machine.settings.get("evictionHard", eviction.HARD)
    return found


def amount(threshold: str, whole: int) -> int:
    """What a threshold comes to: a quantity, or a share of the whole."""
    if threshold.endswith("%"):
        return int(whole * float(threshold[:-1]) / 100)
    return quantity.value(threshold)


def allocatable(machine: Any, resource: str) -> int:
    """What pods can have: the capacity less what is reserved and the hard eviction threshold."""
    whole = capacity(machine, resource)
    signal = {"memory": "memory.available", "ephemeral-storage": "nodefs.available"}.get(resource, "")
    threshold = hard_thresholds(machine).get(signal)
    kept = reserved(machine, resource) + (amount(threshold, whole) if threshold else 0)
    return max(0, whole - kept)


def transition_period(machine: Any) -> int:
    """Microseconds for which a pressure condition stays after the pressure is gone."""
    return round(seconds(machine.settings.get("transition", "5m0s")) * SECOND)


def most_eviction_grace(machine: Any) -> int:
    """Seconds that a soft eviction leaves a pod at most."""
    return int(machine.settings.get("maxPodGrace", 0))


def pods(machine: Any) -> int:
    return int(machine.settings.get("maxPods", machine.pods))


def pulls_in_turn(machine: Any) -> bool:
    """Whether images are pulled one after the other."""
    return bool(machine.settings.get("serial", True))
