"""FlowSchema objects. Models pkg/registry/flowcontrol/flowschema."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "FlowSchema",
    plural="flowschemas",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    status=True,
    generation=True,
)
