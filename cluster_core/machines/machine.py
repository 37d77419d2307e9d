"""One computer that carries a node: its size, its place in the network, whether it has power.

Addresses follow kubeadm's defaults: nodes in 172.18.0.0/16, a /24 of 10.244.0.0/16 for the pods of each node.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from cluster_core.machinery.clock import SECOND

ON, KILLED, OFF = "on", "killed", "off"

RENEWAL = 10 * SECOND
"""A kubelet renews its lease every quarter of the 40 s that it lasts."""


@dataclass(slots=True)
class Machine:
    """Times in virtual microseconds; cpu, memory and storage are quantities."""

    name: str
    index: int
    cpu: str
    memory: str
    pods: int = 110
    storage: str = "100Gi"
    state: str = ON
    since: int = 0
    """When it got into this state."""
    born: int = 0
    """When it was set up."""
    boots: int = 1
    kubelet: bool = True
    """Whether its kubelet process runs while the machine is on."""
    last_renewal: int = 0
    """The last lease renewal before the kubelet fell silent; 0 while it is well."""
    control_plane: bool = False
    runtime: str = "containerd"
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    next_ip: int = 2
    images: list[str] = field(default_factory=list)
    """Images in its container runtime's store, as full references, in the order they came."""
    manifests: dict[str, Any] = field(default_factory=dict)
    """Pods in /etc/kubernetes/manifests, by file name without .yaml."""
    files: dict[str, str | None] = field(default_factory=dict)
    """What people have written (or removed: None), over what is there by itself."""
    load: dict[str, str] = field(default_factory=dict)
    """What others than pods use of it: quantities of memory, storage and pids."""
    pressure: dict[str, int] = field(default_factory=dict)
    """Its kubelet's pressure conditions: type -> when it was last observed; 0: it still is."""
    crossed: dict[str, list[Any]] = field(default_factory=dict)
    """Eviction thresholds that are crossed: key -> [since when, whether its grace had passed at the last look]."""
    pulls: dict[str, int] = field(default_factory=dict)
    """The image pulls that its kubelet has under way: reference -> when the last of them is done."""
    joined: bool = True
    """Whether it has been made a node of this cluster: False for a machine fresh from the shop."""
    kubelet_fault: str = ""
    """Why its kubelet does not start, as its log has it."""
    mute: str = ""
    """Why its kubelet, though it runs, does not reach the API server, as its log has it."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What its kubelet was started with, where that is not the usual: see machines.kubelets.USUAL."""
    proxy: dict[str, Any] = field(default_factory=dict)
    """How its kube-proxy.service was last started, in the manual set-up: argv, fault, mute, mode, stopped."""
    packages: dict[str, str] = field(default_factory=dict)
    """Kubernetes' packages that are not at the usual version: package -> "v1.36.3"; "held": names of those on hold."""
    disabled: list[str] = field(default_factory=list)
    """Units that do not start when it boots."""

    @property
    def well(self) -> bool:
        """It has power and a kubelet that posts heartbeats."""
        return self.state == ON and self.kubelet and not self.mute

    @property
    def serves(self) -> bool:
        """Its kubelet answers on port 10250."""
        return self.state == ON and self.kubelet

    @property
    def internal_address(self) -> str:
        """What its kubelet tells the API server: --node-ip, or its address."""
        return self.settings.get("nodeIP") or self.address

    @property
    def address(self) -> str:
        """Its internal IP."""
        number = self.index + 2
        return f"172.18.{number >> 8}.{number & 255}"

    @property
    def pod_network(self) -> str:
        """The first three bytes of its pod CIDR: "10.244.1"."""
        high, low = divmod(self.index, 256)
        return f"10.{(244 + high - 128) % 128 + 128}.{low}"

    @property
    def pod_cidr(self) -> str:
        return f"{self.pod_network}.0/24"

    def renewal_before(self, now: int) -> int:
        """The last time up to `now` at which its kubelet renewed the lease."""
        return now - (now - self.since) % RENEWAL

    def heartbeat(self, now: int) -> int:
        """`now` while it is well, and only then: the renewal of this very instant was the last of a machine just lost."""
        return now if self.well else min(self.last_renewal, now - 1)

    def encode(self) -> dict[str, Any]:
        """As JSON, without what is as it always is."""
        plain = {"name": self.name, "index": self.index, "cpu": self.cpu, "memory": self.memory}
        return {**plain, **{name: getattr(self, name) for name in _OPTIONAL if getattr(self, name) != _DEFAULTS[name]}}


_PROTOTYPE = Machine("", 0, "", "")
_OPTIONAL = tuple(each.name for each in fields(Machine) if each.name not in ("name", "index", "cpu", "memory"))
_DEFAULTS = {name: getattr(_PROTOTYPE, name) for name in _OPTIONAL}
