"""All kubelets of a cluster as one part: hears of pods and nodes, looks at one pod at a time.

Agenda keys: "NODE|pod|namespace/name" looks at a pod, "NODE|register" lets a booted kubelet register, "NODE|images" reports
its images. A key with "~" in front is the same look as a chore: nothing that "until stable" should wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.apiserver.world import World
from cluster_core.kubelet import (
    asking,
    claims,
    cordons,
    imagestore,
    kwok,
    memory,
    pressure,
    refreshing,
    registration,
    staticpods,
)
from cluster_core.kubelet.addresses import Addresses
from cluster_core.kubelet.awaiting import Awaited
from cluster_core.kubelet.environs import Environs
from cluster_core.kubelet.inside import Inside
from cluster_core.kubelet.loads import Loads
from cluster_core.kubelet.memory import Memory
from cluster_core.kubelet.ports import Machines, Workloads
from cluster_core.kubelet.probes import Probes
from cluster_core.kubelet.shares import Shares
from cluster_core.kubelet.sync import sync
from cluster_core.kubelet.timings import Timings
from cluster_core.kubelet.work import Work
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

RETRY = 5.0
"""Seconds after which a kubelet tries again what the API server did not take."""

LEAST_PAUSE = 100_000
"""Microseconds between two looks at a pod: what is overdue is not looked at for ever in the same instant."""


class Fleet:
    """The part "kubelet"."""

    name = "kubelet"
    kinds = frozenset(("Pod", "Node", "ConfigMap", "Secret", "PersistentVolume", *asking.ROADS))

    def __init__(self, world: World, machines: Machines, workloads: Workloads, timings: Timings) -> None:
        self.world = world
        self.clock = world.clock
        self.seed = world.seed
        self.api = world.client("system:node")
        self.machines = machines
        self.workloads = workloads
        self.timings = timings
        self.addresses = Addresses()
        self.probes = Probes()
        self.inside = Inside(self)
        self.loads = Loads(self)
        self.shares = Shares(self)
        self.awaited = Awaited(self)
        self.environs = Environs(self)
        self.private_registries: frozenset[str] = frozenset()
        """Hosts of registries that want credentials."""
        self.instant = False
        """Whether everything takes no time and happens without a word: when a cluster is made."""
        self.fake: set[str] = set()
        """Nodes that KWOK plays."""
        self.host_files: Callable[[str], Mapping[str, str]] = lambda node: {}
        """The files of a node's machine, by path."""
        self._memories: dict[str, Memory] = {}
        self.asking: dict[str, str] = {}
        """Pod uid -> agenda key, of pods whose scripts would wait long for their next answer."""
        machines.listen(self._power)

    # ------------------------------------------------------------------------------------------------ hearing

    def observe(self, change: Change) -> None:
        name = change.kind.name
        if name == "Pod":
            self._pod_changed(change)
        elif name == "Node":
            self._node_changed(change)
        elif name in asking.ROADS:
            asking.network_changed(self)
        elif name == "PersistentVolume":
            claims.volume_changed(self, change)
        else:
            self.awaited.came(change.obj["metadata"].get("namespace", ""))
            if not self.instant:
                refreshing.object_changed(self, change)

    def _pod_changed(self, change: Change) -> None:
        old, new = change.old, change.new
        if new is None:
            if old is not None:
                self._pod_gone(old)
            return
        node = new["spec"].get("nodeName")
        if not node:
            return
        if old is None:
            self._note_address(node, new)
        if old is None or _deserves_a_look(old, new):
            self._look(node, object_key(new))
        if old is not None:
            self._changed_there(node, old, new)

    def _changed_there(self, node: str, old: Obj, new: Obj) -> None:
        if old["spec"] is not new["spec"]:
            self.shares.changed(node, new)
        refreshing.pod_changed(self, old, new)
        if old["metadata"].get("annotations") != new["metadata"].get("annotations"):
            self.loads.weigh(node)

    def _note_address(self, node: str, pod: Obj) -> None:
        ip = pod.get("status", {}).get("podIP")
        if ip and not pod["spec"].get("hostNetwork"):
            self.addresses.note(node, ip, pod["metadata"]["uid"])

    def _look(self, node: str, key: str) -> None:
        if node in self.fake:
            self.world.agenda.soon(self.name, f"{node}|fake|{key}", 0.01)
            return
        machine = self.machines.get(node)
        if machine is not None and machine.well:
            delay = 0.0 if self.instant else self.timings.draw("observe", key, self.clock.since_start)
            self.world.agenda.soon(self.name, f"{node}|pod|{key}", delay)

    def _pod_gone(self, pod: Obj) -> None:
        uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
        self._memories.pop(uid, None)
        self.asking.pop(uid, None)
        self.environs.dns.pop(uid, None)
        if not node:
            return
        self.loads.gone(node, uid)
        self.shares.left(node, uid)
        self._mirror_gone(node, pod)
        ip = pod.get("status", {}).get("podIP")
        if ip:
            self.addresses.free(node, ip, uid)
        key = object_key(pod)
        self.world.agenda.cancel(self.name, f"{node}|pod|{key}")
        self.world.agenda.cancel(self.name, f"~{node}|pod|{key}")
        self.workloads.forget(uid, self.clock.now)

    def _mirror_gone(self, node: str, pod: Obj) -> None:
        """A mirror pod was deleted: its kubelet makes it again as long as the manifest is there."""
        machine = self.machines.get(node)
        name = pod["metadata"]["name"].removesuffix(f"-{node}")
        if machine is not None and machine.manifests.get(name) and staticpods.MIRROR in pod["metadata"].get("annotations", {}):
            self.world.agenda.soon(self.name, f"{node}|static|{name}", 0.5)

    def _node_changed(self, change: Change) -> None:
        node = change.obj
        name = node["metadata"]["name"]
        if change.new is None:
            self.fake.discard(name)
            self.addresses.forget(name)
        elif kwok.is_fake(node) and self.machines.get(name) is None:
            if name not in self.fake:
                self.fake.add(name)
                for pod in self.api.on_node("Pod", name):
                    self._look(name, object_key(pod))
            if change.old is None:
                self.world.agenda.soon(self.name, f"{name}|fake-node", 0.01)
        else:
            self.fake.discard(name)
            cordons.changed(self, change)

    def remind(self, uid: str, key: str) -> None:
        """What the pod lacked may have come."""
        pod = self.api.get("Pod", *split_key(key.rpartition("|")[2]))
        if pod is not None and pod["metadata"]["uid"] == uid:
            self.memory_of(pod)["arrived"] = True
            self.world.agenda.soon(self.name, key, 1.0)

    # ------------------------------------------------------------------------------------------------ working

    def run(self, key: str) -> None:
        node, what, *rest = key.lstrip("~").split("|")
        try:
            _HANDLERS[what](self, node, rest[0] if rest else "")
        except ApiError:
            self.world.agenda.soon(self.name, key, RETRY)  # the API server is out of reach, or somebody was faster

    def _pod(self, node: str, key: str) -> None:
        machine, pod = self.well_machine(node), self.api.get("Pod", *split_key(key))
        if machine is not None and pod is not None and pod["spec"].get("nodeName") == node:
            self.attend(machine, pod, sync)

    def attend(self, machine: Any, pod: Obj, do: Callable[[Work], None]) -> None:
        """Do something to a pod and plan the next look at it."""
        uid = pod["metadata"]["uid"]
        known = self._memories.get(uid, {})
        work = Work(self, machine, pod, known)
        try:
            do(work)
        except ApiError:
            known["statuses"] = dict(work.statuses)  # not written: to be told again
            self._memories[uid] = known
            raise
        if known and not work.gone:
            self._memories[uid] = known
        else:
            self._memories.pop(uid, None)
        key = object_key(pod)
        if "asks" in known:
            self.asking[uid] = f"~{machine.name}|pod|{key}"
        else:
            self.asking.pop(uid, None)
        due = memory.next_due(known, self.clock.now) if not work.gone else (None, False)
        self.plan(machine.name, key, *due)

    def well_machine(self, node: str) -> Any:
        """The machine of this name when its kubelet is at work, else None."""
        machine = self.machines.get(node)
        return machine if machine is not None and machine.well else None

    def event(self, node: Obj, type: str, reason: str, message: str) -> None:
        """Something to tell about the node itself."""
        self.api.event(node, type, reason, message, component="kubelet", host=node["metadata"]["name"])

    def _pressure(self, node: str, _: str) -> None:
        machine = self.well_machine(node)
        if machine is not None:
            pressure.look(self, machine)

    def finish(self, pod: Obj, container: str, exit_code: int) -> None:
        """The container's main process has ended at somebody's word from outside."""
        memory.entry(self.memory_of(pod), "exits")[container] = [self.clock.now, exit_code, "", ""]
        self.world.agenda.soon(self.name, f"{pod['spec']['nodeName']}|pod|{object_key(pod)}", 0.05)

    def disturb(self, pod: Obj, name: str) -> None:
        """Somebody has run a command in the container, which its probes may notice."""
        container: Obj = next((each for each in pod["spec"]["containers"] if each["name"] == name), {})
        if any({"exec", "httpGet"} & container.get(kind, {}).keys() for kind in ("livenessProbe", "readinessProbe")):
            self.probes.look_again(self.memory_of(pod), container, self.clock.now)
            self.world.agenda.soon(self.name, f"{pod['spec']['nodeName']}|pod|{object_key(pod)}", 0.05)
        self.loads.written(pod)

    def plan(self, node: str, key: str, due: int | None, chore: bool) -> None:
        agenda = self.world.agenda
        due = None if due is None else max(due, self.clock.now + LEAST_PAUSE)
        for prefix, wanted in (("", not chore), ("~", chore)):
            name = f"{prefix}{node}|pod|{key}"
            if due is not None and wanted:
                agenda.reschedule(due, self.name, name)
            else:
                agenda.cancel(self.name, name)

    def _register(self, node: str, _: str) -> None:
        machine = self.well_machine(node)
        if machine is not None:
            self.register(machine)

    def register(self, machine: Any) -> None:
        """Let the machine's kubelet make its node known and look at everything that is on it."""
        node = machine.name
        before = self.api.get("Node", "", node)
        found = registration.register(self.api, self.world, machine)
        for type, reason, message in registration.news(before, found):
            self.event(found, type, reason, message)
        for pod in self.api.on_node("Pod", node):
            self._look(node, object_key(pod))
        for name in machine.manifests:
            self.world.agenda.soon(self.name, f"{node}|static|{name}", 0.05)

    def manifest_changed(self, machine: Any, name: str) -> None:
        """A static pod's manifest was written or removed: the kubelet notices."""
        self.world.agenda.soon(self.name, f"{machine.name}|static|{name}", 1.0)

    def _static(self, node: str, name: str) -> None:
        machine = self.well_machine(node)
        if machine is not None:
            staticpods.mirror(self, machine, name)

    def memory_of(self, pod: Obj) -> Memory:
        """What is remembered of the pod, to be added to."""
        return self._memories.setdefault(pod["metadata"]["uid"], {})

    def known(self, uid: str) -> Memory:
        """What is remembered of the pod, {} when nothing is."""
        return self._memories.get(uid, {})

    # ------------------------------------------------------------------------------------------------ world.machines

    def last_heartbeat(self, node: str) -> int | None:
        """When the node's kubelet, or KWOK in its place, last renewed its lease: `now` while it is well. None when
        nobody of ours looks after the node."""
        machine = self.machines.get(node)
        if machine is not None:
            return int(machine.heartbeat(self.clock.now))
        return self.clock.now if node in self.fake else None

    # ------------------------------------------------------------------------------------------------ power

    def start(self, machine: Any, delay: float) -> None:
        """Let the machine's kubelet register after so many seconds."""
        self.world.agenda.soon(self.name, f"{machine.name}|register", delay)

    def forget_node(self, node: str) -> None:
        """The machine is gone for good, with everything on it."""
        for pod in self.api.on_node("Pod", node):
            self._memories.pop(pod["metadata"]["uid"], None)
            for prefix in ("", "~"):
                self.world.agenda.cancel(self.name, f"{prefix}{node}|pod|{object_key(pod)}")
        self.world.agenda.cancel(self.name, f"{node}|register")
        self.world.agenda.cancel(self.name, f"~{node}|images")
        self.world.agenda.cancel(self.name, f"{node}|pressure")
        self.loads.forget(node)
        self.shares.forget(node)
        self.workloads.forget_node(node)

    def _power(self, machine: Any) -> None:
        """A machine went on or off, or its kubelet was stopped or started."""
        name = machine.name
        if machine.well:
            self._wake(machine)
            return
        self.world.agenda.cancel(self.name, f"{name}|register")
        node = self.api.get("Node", "", name)
        if node is not None and not self.api.server.etcd_fault:
            registration.write_lease(self.api, node, machine.last_renewal)

    def _wake(self, machine: Any) -> None:
        booted = machine.since == self.clock.now and machine.boots > 1
        if booted:
            for pod in self.api.on_node("Pod", machine.name):
                self._memories[pod["metadata"]["uid"]] = {"rebooted": True}
        self.start(machine, self.timings.draw("register", machine.name, machine.since - self.clock.start))

    # ------------------------------------------------------------------------------------------------ memory

    def dump(self) -> Any:
        found = {"pods": self._memories, "missing": self.awaited.places, "asking": self.asking, "dns": self.environs.dns,
                 "timings": self.timings.changed, "workloads": self.workloads.dump()}  # fmt: skip
        return {key: value for key, value in found.items() if value}

    def load(self, state: Any) -> None:
        self.loads.clear()
        self.shares.clear()
        self._memories = state.get("pods", {})
        self.awaited.places = state.get("missing", {})
        self.asking = state.get("asking", {})
        self.environs.dns = state.get("dns", {})
        self.timings.changed = state.get("timings", {})
        self.workloads.load(state.get("workloads"))


def _deserves_a_look(old: Obj, new: Obj) -> bool:
    """Not just a new status."""
    if not old["spec"].get("nodeName") or old["metadata"].get("deletionTimestamp") != new["metadata"].get("deletionTimestamp"):
        return True
    return old["spec"] is not new["spec"] and old["spec"] != new["spec"]


_HANDLERS: Mapping[str, Callable[[Fleet, str, str], None]] = {
    "pod": Fleet._pod,
    "register": Fleet._register,
    "images": imagestore.report,
    "cordon": cordons.tell,
    "pressure": Fleet._pressure,
    "static": Fleet._static,
    "fake": kwok.pod_due,
    "stirred": refreshing.stirred,
    "fake-node": kwok.node_due,
}
