"""IPAddress objects. Models pkg/registry/networking/ipaddress."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "IPAddress",
    plural="ipaddresses",
    group="networking.k8s.io",
    namespaced=False,
    short=("ip",),
)
