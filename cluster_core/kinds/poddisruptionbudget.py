"""PodDisruptionBudget objects. Models pkg/registry/policy/poddisruptionbudget."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    short=("pdb",),
    status=True,
    generation=True,
)
