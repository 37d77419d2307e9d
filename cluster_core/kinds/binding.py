"""Binding objects. Models pkg/registry/core/binding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Binding",
    plural="bindings",
    verbs=("create",),
    stored=False,
)
