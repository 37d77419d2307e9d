"""What is at an address: a node, a pod, or nothing of the cluster's."""

from __future__ import annotations

from typing import NamedTuple

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.parts import Change
from cluster_core.machinery.typed import Obj


class Place(NamedTuple):
    """A pod with an address of its own, or a node; neither: outside."""

    pod: Obj | None = None
    node: str = ""
    seen: str = ""
    """The sender's address as the place's policies see it, where that is not the packet's: masquerading comes after them."""


def address_of(node: Obj) -> str:
    """The node's internal address."""
    found = node.get("status", {}).get("addresses") or ()
    return next((each["address"] for each in found if each["type"] == "InternalIP"), "")


def on_host(pod: Obj) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def has_ended(pod: Obj) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def pod_key(pod: Obj) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


class Places:
    """Finds what has an address. Nodes are remembered until one of them moves; pods are looked up on their node."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._by_address: dict[str, str] | None = None
        self._by_network: dict[str, str] = {}
        self._odd: list[str] = []

    def observe(self, change: Change) -> None:
        """A node has changed."""
        if change.old is None or change.new is None or _whereabouts(change.old) != _whereabouts(change.new):
            self._by_address = None

    def _nodes(self) -> dict[str, str]:
        if self._by_address is None:
            self._by_address, self._by_network, self._odd = {}, {}, []
            for node in self._api.list("Node"):
                self._note(node)
        return self._by_address

    def _note(self, node: Obj) -> None:
        assert self._by_address is not None
        name, (address, cidr) = node["metadata"]["name"], _whereabouts(node)
        if address:
            self._by_address[address] = name
        if cidr.endswith(".0/24"):
            self._by_network[cidr[:-4]] = name
        else:
            self._odd.append(name)

    def find(self, ip: str) -> Place:
        node = self._nodes().get(ip)
        if node:
            return Place(None, node)
        likely = self._by_network.get(ip[: ip.rfind(".") + 1])
        for name in (likely, *self._odd):
            pod = self._pod_on(name, ip) if name else None
            if pod is not None:
                return Place(pod, name or "")
        return Place(None, "")

    def network_of(self, ip: str) -> str:
        """The node whose pods have addresses like this one; "" when no node's."""
        self._nodes()
        return self._by_network.get(ip[: ip.rfind(".") + 1], "")

    def _pod_on(self, node: str, ip: str) -> Obj | None:
        for pod in self._api.on_node("Pod", node):
            if pod.get("status", {}).get("podIP") == ip and not on_host(pod) and not has_ended(pod):
                return pod
        return None

    def address(self, node: str) -> str:
        found = self._api.get("Node", "", node)
        return address_of(found) if found else ""

    def host_port(self, node: str, ip: str, port: int, protocol: str) -> tuple[Obj, int] | None:
        """The pod on the node that has asked for this port of this address of the host, and its own port."""
        for pod in self._api.on_node("Pod", node):
            if has_ended(pod) or on_host(pod):
                continue
            for container in pod["spec"]["containers"]:
                for each in container.get("ports", ()):
                    if each.get("hostPort") == port and each.get("protocol", "TCP") == protocol and each.get("hostIP", ANY) in ("", ANY, ip):
                        return pod, each["containerPort"]
        return None


ANY = "0.0.0.0"
"""Every address of the host."""


def _whereabouts(node: Obj) -> tuple[str, str]:
    return address_of(node), node.get("spec", {}).get("podCIDR") or ""
