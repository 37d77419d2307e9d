"""All kube-proxies of a cluster as one part. Models pkg/proxy/iptables, whose rules are computed when somebody looks.

Services and slices are immutable, so the rules of a moment follow from what was there at that moment. Kept is only how the
past differs from the present: `_pending`, what has changed since the last sync, and for every node whose proxy has stopped
all that changed since then. Compiled rules are shared by all nodes on which they are equal.

Agenda keys: "sync".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import yaml

from cluster_core.apiserver.parts import Change, object_key
from cluster_core.apiserver.world import World
from cluster_core.kubeproxy import command, tables
from cluster_core.kubeproxy.compiling import Compiled, compile_service
from cluster_core.kubeproxy.index import Index, Key, service_of
from cluster_core.kubeproxy.recents import Recents
from cluster_core.kubeproxy.services import Inputs, Place, Port, Reach, ports_reached
from cluster_core.kubeproxy.walking import Walk, route
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.packets import ACCEPT, REJECT, Packet, Routed, Step
from cluster_core.machinery.typed import Obj

LATENCY = 0.03
MIN_SYNC_PERIOD = 1.0
"""Seconds: iptables.minSyncPeriod. A sync comes at once when the last one is longer ago than this."""
ZONE = "topology.kubernetes.io/zone"
POD_CIDR = "10.244.0.0/16"

Overlay = dict[Key, Inputs]
"""Services as they were, where they have changed since."""


class Proxies:
    """The part "kube-proxy"."""

    name = "kube-proxy"
    kinds = frozenset(("Service", "EndpointSlice", "Pod", "Node"))

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = world.client("system:kube-proxy")
        self._index = Index(self._api)
        self._pending: Overlay = {}
        self._frozen: dict[str, Overlay] = {}
        self._starting: set[str] = set()
        self._units: set[str] = set()
        self._halted: set[str] = set()
        self._broken: set[str] = set()
        self._last_sync = 0
        self._running: set[str] = set()
        self._compiled: dict[Key, tuple[Inputs, dict[Place, Compiled]]] = {}
        self._config: tuple[Obj | None, str] = (None, POD_CIDR)
        self.recents = Recents(world.clock)
        self.is_broken: Callable[[Obj], bool] = lambda pod: False
        """Whether the kube-proxy in this pod ends as soon as it is started: it makes no rules in that moment."""
        self.is_strict: Callable[[str], bool] = lambda node: False
        """Whether the node's kube-proxy rejects what goes to ports that services do not have: in all modes but iptables."""

    # ------------------------------------------------------------------------------------------------ which run

    def running(self) -> set[str]:
        """The nodes on which a kube-proxy runs: as a pod, or as a unit of a machine set up by hand."""
        return self._running

    def is_running(self, node: str) -> bool:
        return node in self.running()

    def set_unit(self, node: str, running: bool) -> None:
        """The node's kube-proxy.service was started or stopped."""
        (self._units.add if running else self._units.discard)(node)
        self._recheck(node)

    def halt(self, node: str) -> None:
        """Stop the node's kube-proxy, whatever it runs as; its rules stay as they are."""
        self._halted.add(node)
        self._recheck(node)

    def resume(self, node: str) -> None:
        self._halted.discard(node)
        self._recheck(node)

    def _recheck(self, node: str) -> None:
        running = self.running()
        pods = [pod for pod in self._api.on_node("Pod", node) if _is_proxy(pod) and _runs(pod)]
        sound = any(not self.is_broken(pod) for pod in pods)
        (self._broken.add if pods and not sound else self._broken.discard)(node)
        now = node not in self._halted and (node in self._units or sound)
        if now and node not in running:
            running.add(node)
            self._starting.add(node)
            self._plan()
        elif not now and node in running:
            running.discard(node)
            self._stop(node)

    def _stop(self, node: str) -> None:
        if node in self._starting:
            self._starting.discard(node)
        else:
            self._frozen[node] = dict(self._pending)

    # ------------------------------------------------------------------------------------------------ hearing

    def observe(self, change: Change) -> None:
        kind = change.kind.name
        if kind == "Pod":
            if change.obj["metadata"].get("namespace") == "kube-system" and _is_proxy(change.obj):
                self._pod_changed(change)
        elif kind == "Node":
            if change.new is None:
                self._forget(change.obj["metadata"]["name"])
        else:
            self._changed(change)

    def _pod_changed(self, change: Change) -> None:
        nodes = {each["spec"].get("nodeName", "") for each in (change.old, change.new) if each is not None}
        for node in sorted(nodes - {""}):
            self._recheck(node)

    def _forget(self, node: str) -> None:
        self._frozen.pop(node, None)
        self._starting.discard(node)
        self.recents.forget(node)

    def _changed(self, change: Change) -> None:
        """Remember the service as it was, for those who do not know of the change yet."""
        for key in sorted({service_of(each) for each in (change.old, change.new) if each is not None} - {""}):
            before = self._index.before(key, change)
            for overlay in (self._pending, *self._frozen.values()):
                overlay.setdefault(key, before)
            self._compiled.pop(key, None)
            self._plan()
        self._index.change(change)

    def _plan(self) -> None:
        clock = self._world.clock
        due = max(clock.now + round(LATENCY * SECOND), self._last_sync + round(MIN_SYNC_PERIOD * SECOND))
        self._world.agenda.at(due, self.name, "sync")

    def run(self, key: str) -> None:
        """Sync: from now on all running proxies' rules are those of this moment."""
        self._last_sync = self._world.clock.now
        self._pending.clear()
        for node in self._starting:
            self._frozen.pop(node, None)
        self._starting.clear()

    # ------------------------------------------------------------------------------------------------ rules

    def _overlay(self, node: str) -> Overlay | None:
        """How the services that the node's rules are made from differ from those there are; None: it has no rules."""
        if node in self._frozen:
            return self._frozen[node]
        return self._pending if node in self.running() and node not in self._starting else None

    def _rules(self, key: Key, inputs: Inputs, place: Place) -> Compiled:
        known = self._compiled.get(key)
        if known is None or not _same(known[0], inputs):
            known = self._compiled[key] = (inputs, {})
        shared = known[1].get(Place())
        if shared is None:
            shared = known[1][Place()] = compile_service(inputs, Place(), self._pod_cidr())
        if not shared.placed:
            return shared
        found = known[1].get(place)
        if found is None:
            found = known[1][place] = compile_service(inputs, place, self._pod_cidr())
        return found

    def forget_compiled(self) -> None:
        """What was computed is computed anew."""
        self._compiled.clear()

    def _place(self, node: str) -> Place:
        found = self._api.get("Node", "", node)
        return Place(node, found["metadata"].get("labels", {}).get(ZONE, "") if found else "")

    def _pod_cidr(self) -> str:
        """clusterCIDR of the proxies' configuration."""
        found = self._api.get("ConfigMap", "kube-system", "kube-proxy")
        if found is not self._config[0]:
            self._config = (found, _cidr_of(found))
            self._compiled.clear()
        return self._config[1]

    def compiled(self, node: str) -> list[Compiled] | None:
        """What every service adds to the node's rules, by the services' names; None when it has no rules."""
        overlay = self._overlay(node)
        if overlay is None:
            return None
        self._pod_cidr()
        place = self._place(node)
        keys = sorted({*self._index.keys(), *overlay})
        return [self._rules(key, overlay.get(key) or self._index.inputs(key), place) for key in keys]

    def reached(self, node: str) -> list[tuple[Port, Reach]]:
        """Every port of every service with its endpoints, as the node's kube-proxy has last seen them."""
        overlay = self._overlay(node)
        if overlay is None:
            return []
        place, keys = self._place(node), sorted({*self._index.keys(), *overlay})
        return [each for key in keys for each in ports_reached(overlay.get(key) or self._index.inputs(key), place)]

    @property
    def pod_cidr(self) -> str:
        """Where pods live, as the proxies' configuration says."""
        return self._pod_cidr()

    def tables(self, node: str) -> dict[str, tables.Table]:
        """All tables of the node, as they are now."""
        return tables.all_tables(self.compiled(node))

    def save(self, node: str) -> str:
        """`iptables-save` on the node."""
        return command.save(self.tables(node), self._world.clock.now)

    def iptables(self, node: str, argv: list[str]) -> command.Ran:
        """`iptables ARGV` on the node: (stdout, stderr, exit code)."""
        return command.run(argv, self.tables(node))

    def route(self, node: str, packet: Packet, local: Collection[str], chance: Callable[[], float]) -> Routed:
        """What the node's rules make of the packet; `local` are the node's addresses."""
        walk = Walk(packet, local, self.recents.on(node), chance)
        routed = route(packet, self._candidates(node, packet, local), walk)
        unknown = routed.action == ACCEPT and not routed.steps and packet.destination not in local
        return self._stranger(packet) if unknown and self._overlay(node) is not None and self.is_strict(node) else routed

    def _stranger(self, packet: Packet) -> Routed:
        """A packet of which no rule has heard."""
        owner = next((each for each in self._api.list("Service") if each["spec"].get("clusterIP") == packet.destination), None)
        if owner is None:
            return Routed(ACCEPT, packet.destination, packet.port)
        step = Step("kube-proxy", "cluster-ips-check", "ip daddr @cluster-ips reject")
        return Routed(REJECT, packet.destination, packet.port, False, object_key(owner), (step,))

    def _candidates(self, node: str, packet: Packet, local: Collection[str]) -> list[Compiled]:
        """The services of which a rule may match the packet."""
        overlay = self._overlay(node)
        if overlay is None:
            return []
        self._pod_cidr()
        wanted: Iterable[Key] = self._index.candidates(packet, packet.destination in local)
        keys = sorted({*(key for key in wanted if key not in overlay), *overlay})
        place = self._place(node) if keys else Place()
        return [self._rules(key, overlay.get(key) or self._index.inputs(key), place) for key in keys]

    # ------------------------------------------------------------------------------------------------ memory

    def dump(self) -> Any:
        found = {
            "pending": _dumped(self._pending),
            "frozen": {node: _dumped(overlay) for node, overlay in self._frozen.items()},
            "starting": sorted(self._starting),
            "units": sorted(self._units),
            "halted": sorted(self._halted),
            "broken": sorted(self._broken),
            "last": self._last_sync,
            "recent": self.recents.dump(),
        }
        return {name: value for name, value in found.items() if value}

    def load(self, state: Any) -> None:
        self._pending = _loaded(state.get("pending", {}))
        self._frozen = {node: _loaded(overlay) for node, overlay in state.get("frozen", {}).items()}
        self._starting, self._units = set(state.get("starting", ())), set(state.get("units", ()))
        self._halted, self._last_sync = set(state.get("halted", ())), state.get("last", 0)
        self.recents.load(state.get("recent", {}))
        pods = self._api.list("Pod", "kube-system")
        self._broken = set(state.get("broken", ()))
        self._running = {pod["spec"]["nodeName"] for pod in pods if _is_proxy(pod) and _runs(pod)} - self._broken | self._units
        self._running -= self._halted
        self._compiled.clear()
        self._index = Index(self._api)


def _is_proxy(pod: Obj) -> bool:
    return any("kube-proxy" in container["image"] for container in pod["spec"]["containers"])


def _runs(pod: Obj) -> bool:
    if not pod["spec"].get("nodeName"):
        return False
    return any("running" in (each.get("state") or {}) for each in pod.get("status", {}).get("containerStatuses") or ())


def _same(one: Inputs, other: Inputs) -> bool:
    return (
        one.service is other.service
        and len(one.slices) == len(other.slices)
        and all(mine is theirs for mine, theirs in zip(one.slices, other.slices, strict=True))
    )


def _cidr_of(config: Obj | None) -> str:
    """The clusterCIDR of a KubeProxyConfiguration; that of kubeadm when it says nothing."""
    text = (config or {}).get("data", {}).get("config.conf", "")
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader) if text else None
    except yaml.YAMLError:
        found = None
    return str(found.get("clusterCIDR") or "") if isinstance(found, dict) else POD_CIDR


def _dumped(overlay: Overlay) -> dict[Key, Any]:
    return {key: [inputs.service, list(inputs.slices)] for key, inputs in overlay.items()}


def _loaded(state: dict[Key, Any]) -> Overlay:
    return {key: Inputs(service, tuple(slices)) for key, (service, slices) in state.items()}
