"""Nodes that fail by themselves: as often and for as long as the cluster's timings say, by chance that belongs to each node.

Off unless `node-failure`, the mean seconds a node runs between two failures, is set. What is planned lies on the agenda; a
change of the timings plans anew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.world import World
from cluster_core.kubelet.timings import Timings
from cluster_core.machinery.clock import CHORE
from cluster_core.machines.machine import KILLED, ON

if TYPE_CHECKING:
    from cluster_core.machines.park import MachinePark

_FAIL, _RETURN = f"{CHORE}fail|", f"{CHORE}return|"


class Flaky:
    """The part. Control plane machines do not fail: they are switched off by hand."""

    name = "flaky"
    kinds = frozenset({"Node"})

    def __init__(self, world: World, park: MachinePark, timings: Timings) -> None:
        self._world, self._park, self._timings = world, park, timings
        self._failures: dict[str, int] = {}
        """How often each node has failed: so that every failure is another draw."""

    def observe(self, change: Change) -> None:
        if change.old is None and self._timings.value("node-failure"):
            self._plan(change.obj["metadata"]["name"])

    def plan_all(self) -> None:
        """The timings have changed: from now on they hold."""
        for name in list(self._park.machines):
            self._world.agenda.cancel(self.name, _FAIL + name)
            self._plan(name)

    def _plan(self, node: str) -> None:
        mean = float(self._timings.value("node-failure"))
        machine = self._park.get(node)
        if mean <= 0 or machine is None or machine.control_plane or machine.state != ON:
            return
        chance = self._world.seed.fraction("node-failure", node, self._failures.get(node, 0))
        self._world.agenda.soon(self.name, _FAIL + node, -mean * math.log(1.0 - chance))

    def run(self, key: str) -> None:
        what, _, node = key.rpartition("|")
        machine = self._park.get(node)
        if machine is None:
            return
        if f"{what}|" == _FAIL and machine.state == ON:
            number = self._failures[node] = self._failures.get(node, 0) + 1
            self._park.switch_off(machine, KILLED)
            self._world.agenda.soon(self.name, _RETURN + node, self._timings.draw("node-outage", node, number))
        elif f"{what}|" == _RETURN and machine.state == KILLED:
            self._park.switch_on(machine)
            self._plan(node)

    def dump(self) -> Any:
        return self._failures

    def load(self, state: Any) -> None:
        self._failures = dict(state)
