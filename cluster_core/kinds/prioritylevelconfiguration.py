"""PriorityLevelConfiguration objects. Models pkg/registry/flowcontrol/prioritylevelconfiguration."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    status=True,
    generation=True,
)
