"""Device classes. Models pkg/registry/resource/deviceclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.device_validation import device_class, device_class_update
from cluster_core.machinery import names

KIND = Kind(
    "DeviceClass",
    plural="deviceclasses",
    returns_deleted=True,
    group="resource.k8s.io",
    namespaced=False,
    validate_name=names.long_name,
    validate=device_class,
    validate_update=device_class_update,
    columns=(NAME, AGE),
    generation=True,
)
