"""RuntimeClass objects. Models pkg/registry/node/runtimeclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "RuntimeClass",
    plural="runtimeclasses",
    group="node.k8s.io",
    namespaced=False,
)
