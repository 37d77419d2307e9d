"""Pods that wait for something which may come at any time: a ConfigMap or Secret in their namespace, or room on their node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.parts import object_key
from cluster_core.kubelet.work import Work

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

_ROOM = "room/"
"""Marks a node among what is waited for: no namespace has such a name."""


class Awaited:
    """Who waits for what. `places`: namespace, or room on a node -> pod uid -> agenda key."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.places: dict[str, dict[str, str]] = {}

    def thing(self, work: Work) -> None:
        """Look at the pod again when something comes into its namespace."""
        self._wait(work, work.pod["metadata"]["namespace"])

    def room(self, work: Work) -> None:
        """Look at the pod again when another one has left its node."""
        self._wait(work, f"{_ROOM}{work.machine.name}")

    def _wait(self, work: Work, place: str) -> None:
        self.places.setdefault(place, {})[work.uid] = f"{work.machine.name}|pod|{object_key(work.pod)}"

    def came(self, namespace: str) -> None:
        """A ConfigMap or Secret has come that containers or volumes of this namespace may wait for."""
        self._arrived(namespace)

    def left(self, node: str) -> None:
        """A pod needs no room on the node any more."""
        self._arrived(f"{_ROOM}{node}")

    def _arrived(self, place: str) -> None:
        fleet = self._fleet
        for uid, key in (self.places.pop(place, {}) if self.places else {}).items():
            fleet.remind(uid, key)
