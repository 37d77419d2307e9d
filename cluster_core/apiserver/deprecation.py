"""Warnings about versions on their way out. Models apiserver/pkg/endpoints/deprecation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.apiserver.kind import Kind, Served

_DEPRECATED = {
    ("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}


def warnings(served: Served, kind: Kind) -> Sequence[str]:
    """What every request for this version is told. A dynamic kind has its own texts, by version."""
    own = kind.facts.get("deprecation")
    text = own.get(served.version) if own else _DEPRECATED.get((served.group, served.version, kind.name))
    return (text,) if text else ()
