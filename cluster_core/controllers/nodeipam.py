"""Give every node a range of pod addresses out of --cluster-cidr. Models pkg/controller/nodeipam.

Works only with --allocate-node-cidrs, as kubeadm sets it when it is told of a pod network. All nodes that lack a range are
served in one go: what is taken follows from the nodes there are.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

COMPONENT = "cidrAllocator"
_ALL = "nodes"
_MASKS = {4: ("node-cidr-mask-size-ipv4", 24), 6: ("node-cidr-mask-size-ipv6", 64)}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def reconcile(context: Context, key: str) -> float | None:
    nodes = context.api.list("Node")
    bare = [node for node in nodes if not _ranges_of(node) and not is_deleted(node)]
    if not bare:
        return None
    taken = {text for node in nodes for text in _ranges_of(node)}
    supplies = [_supply(context.options, text, taken) for text in str(context.options["cluster-cidr"]).split(",")]
    for node in bare:
        _allocate(context, node, supplies)
    return None


def _ranges_of(node: Obj) -> list[str]:
    found: list[str] = node.get("spec", {}).get("podCIDRs") or []
    return found


def _supply(options: Mapping[str, Any], text: str, taken: set[str]) -> Iterator[str]:
    """The ranges of a cluster CIDR that are free, lowest first."""
    network: Network = ipaddress.ip_network(text.strip(), strict=False)
    flag, size = _MASKS[network.version]
    size = int(options.get(flag) or options.get("node-cidr-mask-size") or size)
    for part in network.subnets(new_prefix=size):
        if str(part) not in taken:
            yield str(part)


def _allocate(context: Context, node: Obj, supplies: list[Iterator[str]]) -> None:
    ranges = [found for found in (next(supply, None) for supply in supplies) if found is not None]
    name = node["metadata"]["name"]
    if len(ranges) < len(supplies):
        text = f"Node {name} status is now: CIDRNotAvailable"
        context.event(node, "Normal", "CIDRNotAvailable", text, COMPONENT)
        return
    spec = {**node.get("spec", {}), "podCIDR": ranges[0], "podCIDRs": ranges}
    context.api.update("Node", {**node, "spec": spec})


def _is_on(context: Context) -> bool:
    options = context.options
    return str(options.get("allocate-node-cidrs", "false")) == "true" and bool(options.get("cluster-cidr"))


def _lacking(context: Context, node: Obj) -> Iterable[str]:
    """A node without a range, or one that goes and leaves its own to those who wait."""
    if not _is_on(context):
        return ()
    gone = context.api.get("Node", "", node["metadata"]["name"]) is None
    return (_ALL,) if gone or not _ranges_of(node) else ()


CONTROLLER = Controller(
    "node-ipam-controller",
    watches={"Node": _lacking},
    reconcile=reconcile,
    latency=0.1,
    user="system:serviceaccount:kube-system:node-controller",
)
