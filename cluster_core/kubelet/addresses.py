"""Pod addresses of each node, one after the other as CNI's host-local plugin hands them out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from cluster_core.machinery.typed import Obj


class Addresses:
    """Which pod IPs are taken. Known from the pods' statuses; only the turn is kept with the machine."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def note(self, node: str, ip: str, uid: str) -> None:
        self._taken[node][ip] = uid

    def free(self, node: str, ip: str, uid: str) -> None:
        taken = self._taken.get(node)
        if taken and taken.get(ip) == uid:
            del taken[ip]

    def forget(self, node: str) -> None:
        self._taken.pop(node, None)

    def take(self, machine: Any, pod: Obj) -> str:
        """The next free address on the machine; beyond 253 pods the turn begins again."""
        taken = self._taken[machine.name]
        for _ in range(253):
            number = machine.next_ip
            machine.next_ip = 2 if number >= 254 else number + 1
            ip = f"{machine.pod_network}.{number}"
            if ip not in taken:
                break
        taken[ip] = pod["metadata"]["uid"]
        return ip
