"""What every part of a cluster is handed: time, work, chance and a client. Nothing else reaches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from cluster_core.machinery.clock import Agenda, Clock
from cluster_core.machinery.seed import Seed

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client


class Machines(Protocol):
    """The computers under the nodes, as far as controllers can tell from outside."""

    def last_heartbeat(self, node: str) -> int | None:
        """When the node's simulated kubelet last renewed its lease (microseconds): `now` while it is well. None when no
        kubelet of ours runs there; then the Lease object tells."""


class NoMachines:
    """A cluster without simulated kubelets."""

    def last_heartbeat(self, node: str) -> int | None:
        return None


@dataclass(slots=True)
class World:
    """One cluster's surroundings."""

    clock: Clock
    agenda: Agenda
    seed: Seed
    client: Callable[[str], Client]
    """The client of a component, by user name such as "system:kube-scheduler"."""
    machines: Machines = field(default_factory=NoMachines)
