"""Which parts of the control plane run, and with which flags: stopped, started, changed by their static-pod manifests.

A component runs as long as its manifest is in place. Its flags are those of the manifest's command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import Change, Part
from cluster_core.controllers.runtime import ControllerPart
from cluster_core.machinery.typed import Obj
from cluster_core.machines.machine import ON, Machine
from cluster_core.simulation import assembly
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

Flags = dict[str, str]

UNREACHABLE = {
    "kube-apiserver": "the server is currently unable to handle the request: kube-apiserver is not running",
    "etcd": "etcdserver: request timed out",
}
"""What clients hear when one of these does not run."""


class ControlPlane:
    """The part "control-plane": remembers what was stopped or changed."""

    name = "control-plane"
    kinds: frozenset[str] = frozenset()

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.stopped: dict[str, Obj] = {}
        """Component -> its manifest, put aside; {} when there is none."""
        self.flags: dict[str, Flags] = {}
        """Component -> its flags, where they are not the usual ones."""
        self.broken: dict[str, str] = {}
        """Component -> what it says before it gives up, each time it is started."""
        self.check: Callable[[str, Sequence[str]], str] = lambda component, argv: ""
        """What would keep the component from running with this command line; "" when nothing."""
        self.dark = False
        """Whether the machine it runs on is without power."""

    # ------------------------------------------------------------------------------------------------ what people do

    def is_running(self, component: str) -> bool:
        return component not in self.stopped and component not in self.broken and not self.dark

    def fault_of(self, pod: Obj, container: str) -> str:
        """What this container says before it gives up, if it is a broken component."""
        return self.broken.get(container, "") if pod["metadata"].get("namespace") == "kube-system" else ""

    def power_changed(self, machine: Machine) -> None:
        """The control plane's machine went off or on, and everything on it."""
        dark = machine.state != ON
        if machine.name != CONTROL_PLANE or dark == self.dark:
            return
        self.dark = dark
        for component in COMPONENTS:
            if component not in self.stopped and component not in self.broken:
                (self._halt if dark else self._go)(component)

    def stop(self, component: str) -> None:
        """Take the manifest away; the component ends."""
        self.stopped[component] = self._put_manifest(component, None) or {}
        self._halt(component)

    def start(self, component: str) -> None:
        """Put the manifest back; the component starts and looks at everything."""
        manifest = self.stopped.pop(component)
        self._go(component)
        if manifest:
            self._put_manifest(component, manifest)

    def set_manifest(self, component: str, manifest: Obj | None) -> None:
        """The manifest file was written (or removed): the component stops, starts or restarts with its flags."""
        if manifest is None:
            self.broken.pop(component, None)
            if component not in self.stopped:
                self.stop(component)
            return
        argv = command_line(manifest)
        if self.is_running(component):
            self._halt(component)
        self.stopped.pop(component, None)
        self.flags[component] = flags_of(manifest)
        self.try_to_run(component, argv)
        self._put_manifest(component, manifest)

    def try_to_run(self, component: str, argv: Sequence[str]) -> None:
        """Start it, or note why it ends at once."""
        self.broken.pop(component, None)
        fault = self.check(component, argv)
        if fault:
            self.broken[component] = fault
            self._halt(component)
        elif not self.dark:
            self._go(component)

    def restart(self, component: str, flags: Mapping[str, str] | None = None) -> None:
        """Restart the component, with these flags from now on when given."""
        running = self.is_running(component)
        if running:
            self._halt(component)
        if flags is not None:
            self.flags[component] = dict(flags)
        if running:
            self._go(component)

    # ------------------------------------------------------------------------------------------------ doing it

    def _put_manifest(self, component: str, manifest: Obj | None) -> Obj | None:
        """Answers the manifest that was there."""
        machine = park_of(self._cluster).get(CONTROL_PLANE)
        if machine is None:
            return None
        before = machine.manifests.get(component)
        rest = {name: each for name, each in machine.manifests.items() if name != component}
        machine.manifests = {**rest, component: manifest} if manifest is not None else rest
        fleet_of(self._cluster).manifest_changed(machine, component)
        return before

    def _halt(self, component: str) -> None:
        self._set_fault()
        for part in self._parts(component):
            if part.name in self._cluster.parts:
                self._cluster.remove_part(part.name)

    def _go(self, component: str) -> None:
        cluster = self._cluster
        self._set_fault()
        if component == "kube-apiserver":
            cluster.server.options = self.flags.get(component, {})
        for part in self._parts(component):
            cluster.add_part(part)
            _catch_up(cluster, part)

    def _set_fault(self) -> None:
        """What clients get while the API server or etcd does not run."""
        missing = (text for name, text in UNREACHABLE.items() if not self.is_running(name))
        self._cluster.server.etcd_fault = next(missing, "")

    def _parts(self, component: str) -> list[Part]:
        flags = self.flags.get(component, {})
        if component == "kube-controller-manager":
            return assembly.controller_manager(self._cluster, flags)
        return assembly.scheduler(self._cluster) if component == "kube-scheduler" else []

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        """The control plane takes no notice of objects."""

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        found = {"stopped": self.stopped, "flags": self.flags, "broken": self.broken, "dark": self.dark}
        return {key: value for key, value in found.items() if value}

    def load(self, state: Any) -> None:
        self.stopped, self.flags = state.get("stopped", {}), state.get("flags", {})
        self.broken, self.dark = state.get("broken", {}), state.get("dark", False)
        for component in self.flags:
            if self.is_running(component):
                self._halt(component)
                self._go(component)
        for component in COMPONENTS:
            if not self.is_running(component):
                self._halt(component)


def _catch_up(cluster: Cluster, part: Part) -> None:
    """Let a part that has just started look at what there is."""
    if isinstance(part, ControllerPart):
        part.resync()
    elif part.name != "scheduler":
        storage = cluster.server.storage
        for kind in cluster.server.kinds:
            if kind.stored and (kind.name in part.kinds or "*" in part.kinds):
                for obj in storage.list(kind):
                    part.observe(Change(kind, None, obj, storage.revision))


def command_line(manifest: Obj) -> list[str]:
    """What the static pod's first container runs."""
    container = manifest["spec"]["containers"][0]
    return [*container.get("command", ()), *container.get("args", ())]


def flags_of(manifest: Obj) -> Flags:
    """The flags on the command line of a static pod's first container, without dashes in front."""
    container = manifest["spec"]["containers"][0]
    words = [*container.get("command", ())[1:], *container.get("args", ())]
    pairs = (word.lstrip("-").partition("=") for word in words if word.startswith("--"))
    return {name: value if equals else "true" for name, equals, value in pairs}


def control_of(cluster: Cluster) -> ControlPlane:
    part = cluster.parts[ControlPlane.name]
    assert isinstance(part, ControlPlane)
    return part


__all__ = ["COMPONENTS", "ControlPlane", "control_of", "flags_of"]
