"""What every part of a cluster is handed: time, work, chance and a client. Nothing else reaches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cluster_core.machinery.clock import Agenda, Clock
from cluster_core.machinery.seed import Seed

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client


class Machines(Protocol):
    """The computers under the nodes, as far as controllers can tell from outside."""

    def last_heartbeat(self, node: str) -> int | None:
        """When the node's simulated kubelet last renewed its lease (microseconds): `now` while it is well. None when no
        kubelet of ours runs there; then the Lease object tells."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pod's containers use, in thousandths: {"web": {"cpu": 250, "memory": 52428800000}}."""

    containers: Mapping[str, Mapping[str, int]]
    time: int
    """When it was measured (microseconds), over the `window` before."""
    window: int = 30_000_000


class MetricsError(Exception):
    """The metrics cannot be had; str() is what the metrics client would say."""


class Metrics(Protocol):
    """The metrics APIs as autoscalers see them. Values are in thousandths. All methods raise MetricsError."""

    def usage(self, namespace: str, pods: Sequence[str]) -> Mapping[str, Usage]:
        """metrics.k8s.io: what these pods use; those not measured yet are missing."""

    def custom(self, namespace: str, kind: str, name: str, metric: str) -> int | None:
        """custom.metrics.k8s.io: a metric of one object (kind "Pod", "Ingress"...), None when it has none."""

    def external(self, namespace: str, metric: str, selector: Mapping[str, Any] | None) -> Sequence[int]:
        """external.metrics.k8s.io: the values of the series that match the label selector."""


class NoMetrics:
    """A cluster without metrics server and adapters."""

    def usage(self, namespace: str, pods: Sequence[str]) -> Mapping[str, Usage]:
        text = "the server could not find the requested resource (get pods.metrics.k8s.io)"
        raise MetricsError(f"unable to fetch metrics from resource metrics API: {text}")

    def custom(self, namespace: str, kind: str, name: str, metric: str) -> int | None:
        text = "no custom metrics API (custom.metrics.k8s.io) registered"
        raise MetricsError(f"unable to fetch metrics from custom metrics API: {text}")

    def external(self, namespace: str, metric: str, selector: Mapping[str, Any] | None) -> Sequence[int]:
        text = f"the server could not find the requested resource (get {metric}.external.metrics.k8s.io)"
        raise MetricsError(f"unable to fetch metrics from external metrics API: {text}")


CONTROL_PLANE = "control-plane"
"""The name of the machine on which the control plane runs."""


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
    metrics: Metrics = field(default_factory=NoMetrics)
