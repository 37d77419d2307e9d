"""CustomResourceDefinition objects. Models pkg/registry/apiextensions/customresourcedefinition."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "CustomResourceDefinition",
    plural="customresourcedefinitions",
    unconditional_update=False,
    group="apiextensions.k8s.io",
    namespaced=False,
    short=("crd", "crds"),
    categories=("api-extensions",),
    status=True,
    generation=True,
    prefix="apiextensions.k8s.io/customresourcedefinitions",
)
