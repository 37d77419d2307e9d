"""Which parts of the control plane run, and with which flags: stopped, started, changed by their manifests or units.

A component runs as long as its manifest is in place (or its unit is started), with the flags of its command line. One that
ends at once is `broken`; one that runs but reaches nobody is `mute`: its container lives, its work is not done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import Change, Part
from cluster_core.controllers.runtime import ControllerPart
from cluster_core.machinery.typed import Obj
from cluster_core.machines import flags, manifests
from cluster_core.machines.machine import ON, Machine
from cluster_core.simulation import assembly, chronicle
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, VERSION
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster
    from cluster_core.simulation.startchecks import Verdict

Flags = dict[str, str]
_RELEASE = re.compile(r":(v\d+\.\d+\.\d+)$")

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
        self.stopped: dict[str, dict[str, str]] = {}
        """Component -> its manifest's file and text, put aside; {} when there is none."""
        self.flags: dict[str, Flags] = {}
        """Component -> its flags, where they are not the usual ones."""
        self.commands: dict[str, list[str]] = {}
        """Component -> the command line with which it was last started, where that is not the usual one."""
        self.broken: dict[str, str] = {}
        """Component -> what it says before it gives up, each time it is started."""
        self.mute: dict[str, str] = {}
        """Component -> what it says while it runs and nothing comes of it."""
        self.documents: dict[str, Any] = {}
        """Component -> the configuration file it was started with."""
        self.link = ""
        """Why the API server does not reach etcd, though both run."""
        self.check: Callable[[str, Sequence[str], Obj | None], Verdict]
        """What the component finds when it starts with this command line. Set by `machineparts.install`."""
        self.started: Callable[[str], None] = lambda component: None
        """Told after a component was started."""
        self.halted: Callable[[str], None] = lambda component: None
        """Told before a component ends."""
        self.note: Callable[[str, str, str], None] = lambda component, what, text: None
        """Told what becomes of a component: one of the words of `chronicle`, and why."""
        self.data_directory = "/var/lib/etcd"
        """Where on the machine the running etcd keeps its data; "": in its container."""
        self.dark = False
        """Whether the machine it runs on is without power."""

    # ------------------------------------------------------------------------------------------------ what people do

    def is_running(self, component: str) -> bool:
        return component not in self.stopped and component not in self.broken and not self.dark

    def fault_of(self, pod: Obj, container: str) -> str:
        """What this container says before it gives up, if it is a broken component."""
        return self.broken.get(container, "") if pod["metadata"].get("namespace") == "kube-system" else ""

    def power_changed(self, machine: Machine) -> None:
        """The control plane's machine went off or on, and everything on it; static pods wait for the kubelet."""
        if machine.name != CONTROL_PLANE:
            return
        is_kubeadm = self._cluster.spec.flavour == "kubeadm"
        dark = machine.state != ON or (self.dark and is_kubeadm and not machine.kubelet)
        if dark == self.dark:
            return
        self.dark = dark
        for component in COMPONENTS:
            if component not in self.stopped and component not in self.broken:
                (self._halt if dark else self._go)(component)

    def stop(self, component: str) -> None:
        """Take the manifest away; the component ends."""
        machine = park_of(self._cluster).get(CONTROL_PLANE)
        self.stopped[component] = self._take_file(machine, component) if machine is not None else {}
        self._put_manifest(component, None)
        self._end(component)

    def start(self, component: str) -> None:
        """Put the manifest back; the component starts and looks at everything."""
        kept = self.stopped.pop(component)
        machine = park_of(self._cluster).get(CONTROL_PLANE)
        manifest = next((manifests.parsed(text) for text in kept.values()), None)
        if machine is None or manifest is None:
            self._go(component)
            return
        machine.files = {**machine.files, **kept}
        self.set_manifest(component, manifest)

    def set_manifest(self, component: str, manifest: Obj | None) -> None:
        """The manifest file was written (or removed): the component stops, starts or restarts with its flags."""
        if manifest is None:
            self.broken.pop(component, None)
            self.mute.pop(component, None)
            self._put_manifest(component, None)
            self.stopped.setdefault(component, {})
            self._end(component)
            return
        argv = command_line(manifest)
        if self.is_running(component):
            self._end(component)
        self.stopped.pop(component, None)
        self._put_manifest(component, manifest)
        self.run_command(component, argv)

    def run_command(self, component: str, argv: Sequence[str]) -> None:
        """Start it with this command line, or note why it ends at once."""
        self.commands[component] = list(argv)
        self.flags[component] = flags.pairs(argv)
        self.documents.pop(component, None)
        self.try_to_run(component)

    def try_to_run(self, component: str) -> None:
        """Start it as it was last started, if it finds what it needs."""
        self.broken.pop(component, None)
        self.mute.pop(component, None)
        verdict = self.check(component, self.commands[component], self.manifest(component))
        if verdict.fault:
            self.broken[component] = verdict.fault
        elif verdict.mute:
            self.mute[component] = verdict.mute
        self._end(component)
        if not self.dark and not verdict.fault:
            self._go(component)
        for what, text in ((chronicle.FAILED, verdict.fault), (chronicle.MUTE, verdict.mute)):
            if text and not self.dark:
                self.note(component, what, text)

    def retry(self) -> None:
        """What does not run, or reaches nobody, is started again and again: something it needs may be there now."""
        for component in COMPONENTS:
            known = self.broken.get(component), self.mute.get(component)
            if any(known) and component not in self.stopped and not self.dark:
                verdict = self.check(component, self.commands[component], self.manifest(component))
                if known != (verdict.fault or None, verdict.mute or None):
                    self.try_to_run(component)

    def restart(self, component: str, flags: Mapping[str, str] | None = None) -> None:
        """Restart the component, with these flags from now on when given."""
        running = self.is_running(component)
        if running:
            self._end(component)
        if flags is not None:
            self.flags[component] = dict(flags)
        if running:
            self._go(component)

    # ------------------------------------------------------------------------------------------------ doing it

    def manifest(self, component: str) -> Obj | None:
        """The component's static pod as its file has it; None for a unit."""
        machine = park_of(self._cluster).get(CONTROL_PLANE)
        return machine.manifests.get(component) if machine is not None else None

    @staticmethod
    def _take_file(machine: Machine, component: str) -> dict[str, str]:
        """Take the component's manifest out of its directory."""
        manifest = machine.manifests.get(component)
        if manifest is None:
            return {}
        path = manifests.path_of(machine, {path: text for path, text in machine.files.items() if text is not None}, component)
        path = path or f"{manifests.directory(machine)}/{component}.yaml"
        text = machine.files.get(path) or manifests.text(manifest)
        machine.files = {**machine.files, path: None}
        return {path: text}

    def _put_manifest(self, component: str, manifest: Obj | None) -> None:
        machine = park_of(self._cluster).get(CONTROL_PLANE)
        if machine is None:
            return
        rest = {name: each for name, each in machine.manifests.items() if name != component}
        machine.manifests = {**rest, component: manifest} if manifest is not None else rest
        fleet_of(self._cluster).manifest_changed(machine, component)

    def _end(self, component: str) -> None:
        self.note(component, chronicle.STOPPED, "")
        self._halt(component)

    def _halt(self, component: str) -> None:
        self.halted(component)
        self.set_fault()
        for part in self._parts(component):
            if part.name in self._cluster.parts:
                self._cluster.remove_part(part.name)

    def _go(self, component: str) -> None:
        cluster = self._cluster
        self.note(component, chronicle.STARTED, "")
        if component == "kube-apiserver":
            self._set_server()
        self.set_fault()
        self.started(component)
        for part in self._parts(component) if component not in self.mute else ():
            cluster.add_part(part)
            _catch_up(cluster, part)

    def _set_server(self) -> None:
        """The API server works with its flags, and is of the version its image says."""
        server = self._cluster.server
        server.options = self.flags.get("kube-apiserver", {})
        image = str((self.manifest("kube-apiserver") or {"spec": {"containers": [{}]}})["spec"]["containers"][0].get("image", ""))
        match = _RELEASE.search(image)
        server.version = match[1] if match else VERSION

    def set_fault(self) -> None:
        """What clients get while the API server or etcd does not run, or the one does not reach the other."""
        missing = (text for name, text in UNREACHABLE.items() if not self.is_running(name))
        self._cluster.server.etcd_fault = next(missing, UNREACHABLE["etcd"] if self.link else "")

    def _parts(self, component: str) -> list[Part]:
        flags = self.flags.get(component, {})
        if component == "kube-controller-manager":
            return assembly.controller_manager(self._cluster, flags)
        return assembly.scheduler(self._cluster, self.documents.get(component)) if component == "kube-scheduler" else []

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        """The control plane takes no notice of objects."""

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        return {key: value for key in _KEPT if (value := getattr(self, key))}

    def load(self, state: Any) -> None:
        for key in _KEPT:
            if key in state:
                setattr(self, key, state[key])
        for component in COMPONENTS:
            if not self.is_running(component) or component in self.mute:
                self._halt(component)
            elif component in self.flags or component in self.documents:
                self._halt(component)
                self._resume(component)

    def _resume(self, component: str) -> None:
        """Run on as before, after the cluster was away."""
        if component == "kube-apiserver":
            self._set_server()
        self.set_fault()
        for part in self._parts(component):
            self._cluster.add_part(part)
            _catch_up(self._cluster, part)


_KEPT = ("stopped", "flags", "commands", "broken", "mute", "documents", "link", "data_directory", "dark")


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
    return flags.pairs(command_line(manifest))


def control_of(cluster: Cluster) -> ControlPlane:
    part = cluster.parts[ControlPlane.name]
    assert isinstance(part, ControlPlane)
    return part


__all__ = ["COMPONENTS", "ControlPlane", "control_of", "flags_of"]
