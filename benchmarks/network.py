"""1,000 services with 10 endpoints each: all rules of a node, one changed endpoint, and one request traced through them.

CPU time: the rules from nothing to tables; from the change of a slice to the rules of the next packet; a request by name
from a pod to a pod on another node, with its DNS question and all hops.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.machinery.packets import Packet
from cluster_core.network.trace import ANSWERED, Source
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.networking import network_of, proxies_of
from cluster_core.simulation.saved import ClusterSpec
from playground import collector

SERVICES, ENDPOINTS, ROUNDS = 1000, 10, 50
_TOOL = Source("pod", "tool", "default")
_LABEL = "kubernetes.io/service-name"


def figures() -> dict[str, float]:
    collector.spare()  # as the worker does
    cluster = Cluster.create(ClusterSpec(name="bench", nodes=3, seed=1))
    api = cluster.world.client("bench")
    _furnish(cluster, api)
    proxies = proxies_of(cluster)
    rules: list[float] = []
    for _ in range(7):
        proxies.forget_compiled()
        rules.append(_cost(lambda: proxies.tables("node-1")))
    assert len(proxies.tables("node-1")["nat"]) > SERVICES * (ENDPOINTS + 1)
    return {"rules_1000_services_ms": median(rules), "rules_change_ms": _change(cluster, api), "trace_ms": _trace(cluster)}


def _cost(work: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    begun = process_time()
    work()
    return (process_time() - begun) * 1000


def _furnish(cluster: Cluster, api: Client) -> None:
    for number in range(SERVICES):
        ports = [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}]
        spec: dict[str, Any] = {"clusterIP": f"10.97.{number >> 8}.{number & 255}", "ports": ports}
        api.create("Service", {"metadata": {"name": f"s{number}", "namespace": "default"}, "spec": spec})
        api.create("EndpointSlice", _slice(number, ENDPOINTS))
    container = {"name": "c", "image": "nginx"}
    for name, image in (("web", "nginx"), ("tool", "busybox")):
        one = {**container, "image": image, **({"command": ["sleep", "100000"]} if name == "tool" else {})}
        api.create("Pod", {"metadata": {"name": name, "namespace": "default", "labels": {"app": name}}, "spec": {"containers": [one]}})
    api.create("Service", {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    assert cluster.settle(3600)
    cluster.advance(2)


def _slice(number: int, count: int) -> dict[str, Any]:
    found = [{"addresses": [f"10.244.{number % 250}.{each + 1}"], "conditions": {"ready": True}} for each in range(count)]
    metadata = {"name": f"s{number}-1", "namespace": "default", "labels": {_LABEL: f"s{number}"}}
    return {"metadata": metadata, "addressType": "IPv4", "endpoints": found, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}


def _change(cluster: Cluster, api: Client) -> float:
    """From a slice's change to the rules the next packet meets; the API's part of the change is not counted."""
    proxies, costs = proxies_of(cluster), []
    for number in range(ROUNDS):
        found = api.get("EndpointSlice", "default", f"s{number}-1")
        assert found is not None
        api.update("EndpointSlice", {**found, "endpoints": found["endpoints"][: ENDPOINTS - 1]})
        cluster.advance(2)
        packet = Packet("10.244.1.250", f"10.97.0.{number}", 80)
        costs.append(_cost(lambda packet=packet: proxies.route("node-1", packet, (), lambda: 0.5)))  # type: ignore[misc]
    return median(costs)


def _trace(cluster: Cluster) -> float:
    network, costs = network_of(cluster), []
    for _ in range(ROUNDS):
        found: list[Any] = []
        costs.append(_cost(lambda found=found: found.append(network.request(_TOOL, "http://web/").encode())))  # type: ignore[misc]
        assert found[0]["outcome"] == ANSWERED
    return median(costs)
