"""NetworkPolicy objects. Models pkg/registry/networking/networkpolicy."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "NetworkPolicy",
    plural="networkpolicies",
    group="networking.k8s.io",
    short=("netpol",),
    generation=True,
)
