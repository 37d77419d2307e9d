"""Node objects. Models pkg/registry/core/node."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource

KIND = Kind(
    "Node",
    plural="nodes",
    namespaced=False,
    short=("no",),
    status=True,
    keeps_status=True,
    prefix="minions",
    subresources=(
        Subresource("proxy", ("create", "delete", "get", "patch", "update"), "NodeProxyOptions"),
    ),
)
