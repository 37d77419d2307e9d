"""All machines of a cluster: added, removed, killed and started again. What nodes run on, seen from below.

A machine's kubelet is told of power changes through `listeners`; heartbeats are computed when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.clock import Clock
from cluster_core.machines.machine import KILLED, OFF, ON, Machine

Listener = Callable[[Machine], None]


class MachinePark:
    """The part that remembers the machines."""

    name = "machines"
    kinds: frozenset[str] = frozenset()

    def __init__(self, clock: Clock, manifests: Callable[[Machine], dict[str, Any]]) -> None:
        """`manifests` gives the static pods with which a control plane's machine is set up: the same dict each time."""
        self._clock = clock
        self._manifests = manifests
        self.machines: dict[str, Machine] = {}
        self._next_index = 0
        self._listeners: list[Listener] = []
        self.boot: Callable[[Machine], bool] = lambda machine: True
        """Whether the kubelet comes up when the machine boots."""

    def listen(self, listener: Listener) -> None:
        """Hear of a machine whose power or kubelet has changed, or that is new."""
        self._listeners.append(listener)

    def get(self, name: str) -> Machine | None:
        return self.machines.get(name)

    def add(self, name: str, cpu: str, memory: str, **more: Any) -> Machine:
        """A new machine, switched on."""
        now = self._clock.now
        machine = Machine(name, self._next_index, cpu, memory, since=now, born=now, **more)
        self._next_index += 1
        if machine.control_plane:
            machine.manifests = self._manifests(machine)
        self.machines[name] = machine
        return machine

    def remove(self, name: str) -> None:
        del self.machines[name]

    def switch_off(self, machine: Machine, state: str) -> None:
        """Cut the power (KILLED) or shut down (OFF)."""
        assert state in (KILLED, OFF)
        now = self._clock.now
        if machine.well:
            machine.last_renewal = machine.renewal_before(now)
        machine.state, machine.since = state, now
        self._tell(machine)

    def switch_on(self, machine: Machine) -> None:
        """Boot it: its kubelet comes up again."""
        machine.state, machine.since = ON, self._clock.now
        machine.kubelet = self.boot(machine)
        machine.boots += 1
        machine.last_renewal = 0
        self._tell(machine)

    def set_kubelet(self, machine: Machine, running: bool) -> None:
        """Stop or start the kubelet process; containers keep running."""
        now = self._clock.now
        if machine.well:
            machine.last_renewal = machine.renewal_before(now)
        machine.kubelet = running
        if machine.well:
            machine.since, machine.last_renewal = now, 0
        self._tell(machine)

    def set_mute(self, machine: Machine, why: str) -> None:
        """The running kubelet has lost or found its way to the API server."""
        now = self._clock.now
        if machine.well:
            machine.last_renewal = machine.renewal_before(now)
        machine.mute = why
        if machine.well:
            machine.since, machine.last_renewal = now, 0
        self._tell(machine)

    def _tell(self, machine: Machine) -> None:
        for listener in self._listeners:
            listener(machine)

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        """Machines take no notice of the API."""

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        if not self.machines:
            return {}
        return {"next": self._next_index, "machines": [self._encoded(machine) for machine in self.machines.values()]}

    def _encoded(self, machine: Machine) -> dict[str, Any]:
        """Without the manifests as long as nobody has touched them."""
        encoded = machine.encode()
        if machine.control_plane and machine.manifests is self._manifests(machine):
            encoded.pop("manifests", None)
        elif machine.control_plane:
            encoded["manifests"] = machine.manifests
        return encoded

    def load(self, state: Any) -> None:
        self._next_index = state["next"]
        self.machines = {encoded["name"]: Machine(**encoded) for encoded in state["machines"]}
        for encoded in state["machines"]:
            machine = self.machines[encoded["name"]]
            if machine.control_plane and "manifests" not in encoded:
                machine.manifests = self._manifests(machine)
