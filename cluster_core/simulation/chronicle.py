"""What has happened to the programs of each machine: started, stopped, failed, without power. The journal is written from this.

Programs are known by their unit's name, the control plane's static pods by their component's. That what a machine was set up
with has been started then is not written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.clock import SECOND, Clock
from cluster_core.machines.machine import ON, Machine
from cluster_core.machines.park import MachinePark
from cluster_core.simulation.kubeadm.manifests import COMPONENTS

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

ABSENT, STARTED, STOPPED, FAILED, MUTE, DARK = "absent", "started", "stopped", "failed", "mute", "dark"
"""MUTE: it runs and gets nothing done, for the reason given; "" when that is over. DARK: the machine has no power."""
MACHINE = "machine"
"""Under this name: the machine itself, and what starts with it."""
RESTART = 10 * SECOND
"""systemd's pause before it starts anew what has failed."""
MOST, MOST_TEXT = 60, 2000
"""Episodes kept of one program, and letters of what one says."""
_FIRST_PIDS = {MACHINE: 604, "kubelet": 731, "kube-proxy": 803, "etcd": 812, "kube-apiserver": 824, "kube-controller-manager": 837, "kube-scheduler": 849}  # fmt: skip
_LATER_PIDS = 40_000


class Episode(NamedTuple):
    """What happened, when, to the process of which number; why, as the program says it."""

    what: str
    at: int
    pid: int
    text: str = ""


class Chronicle:
    """The part that remembers it."""

    name = "chronicle"
    kinds: frozenset[str] = frozenset()

    def __init__(self, clock: Clock, park: MachinePark) -> None:
        self._clock, self._park = clock, park
        self._kept: dict[str, dict[str, list[list[Any]]]] = {}
        """Machine -> program -> episodes."""
        park.listen(self._power)

    def note(self, node: str, program: str, what: str, text: str = "") -> None:
        """What is so already is not news."""
        text = text[:MOST_TEXT]
        last = self.last(node, program)
        before = (MUTE, "") if what == MUTE and last.what == STARTED else (last.what, last.text)
        if before != (what, text) and not (what == STOPPED and last.what == ABSENT):
            self._add(node, program, Episode(what, self._clock.now, self._next_pid(node) if what in (STARTED, FAILED) else last.pid, text))

    def absent(self, node: str, program: str) -> None:
        """The machine was set up without this program running."""
        self._add(node, program, Episode(ABSENT, self._clock.now, 0))

    def _add(self, node: str, program: str, episode: Episode) -> None:
        kept = self._kept.setdefault(node, {}).setdefault(program, [])
        kept.append(list(episode))
        del kept[:-MOST]

    def _next_pid(self, node: str) -> int:
        """What is started again and again has taken a number each time."""
        now = self._clock.now
        known = (each[2] + ((now - each[1]) // RESTART if each[0] == FAILED else 0) for kept in self._kept.get(node, {}).values() for each in kept)
        return max(max(known, default=0), _LATER_PIDS) + 11 + self._clock.now // SECOND % 53

    def of(self, node: str, program: str) -> list[Episode]:
        """Its episodes, from the first start on."""
        machine = self._park.get(node)
        born = machine.born if machine is not None else 0
        kept = [Episode(*each) for each in self._kept.get(node, {}).get(program, ()) if each[1] >= born]
        if len(kept) == MOST or (kept and kept[0].what == ABSENT):
            return kept
        return [Episode(STARTED, born, _FIRST_PIDS.get(program, 1)), *kept]

    def last(self, node: str, program: str) -> Episode:
        return self.of(node, program)[-1]

    def _power(self, machine: Machine) -> None:
        """A machine or its kubelet came or went."""
        node = machine.name
        if machine.state != ON:
            for program in (MACHINE, "kubelet", "kube-proxy", *(COMPONENTS if machine.control_plane else ())):
                self.note(node, program, DARK, machine.state)
            return
        self.note(node, MACHINE, STARTED)
        was_running = self.last(node, "kubelet").what in (STARTED, MUTE)
        if machine.kubelet:
            if not was_running:
                self.note(node, "kubelet", STARTED)
            self.note(node, "kubelet", MUTE, machine.mute)
        elif was_running:
            self.note(node, "kubelet", STOPPED)

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        """Programs are not objects."""

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        return {node: kept for node, kept in self._kept.items() if node in self._park.machines}

    def load(self, state: Any) -> None:
        self._kept = dict(state)


def chronicle_of(cluster: Cluster) -> Chronicle:
    return cast(Chronicle, cluster.parts[Chronicle.name])
