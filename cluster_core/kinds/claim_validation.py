"""What a persistent volume claim asks for, in a claim or in a template of one.

Models ValidatePersistentVolumeClaimSpec of pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import label_selector, name, positive_quantity, supported, template_metadata
from cluster_core.kinds.resources_validation import amount
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
_SINGLE = "ReadWriteOncePod"


def claim_template(errors: Errors, path: Path, template: Obj) -> None:
    """The claim of an ephemeral volume."""
    template_metadata(errors, path / "metadata", template.get("metadata"))
    claim_spec(errors, path / "spec", template.get("spec") or {})


def claim_spec(errors: Errors, path: Path, spec: Obj) -> None:
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required(path / "accessModes", "at least 1 access mode is required"))
    label_selector(errors, path / "selector", spec.get("selector"))
    _modes(errors, path / "accessModes", modes)
    _storage(errors, path / "resources", spec)
    if spec.get("storageClassName"):
        name(errors, path / "storageClassName", spec["storageClassName"], names.dns1123_subdomain)
    supported(errors, path / "volumeMode", spec.get("volumeMode"), VOLUME_MODES)
    _data_sources(errors, path, spec)
    if spec.get("volumeAttributesClassName"):
        name(errors, path / "volumeAttributesClassName", spec["volumeAttributesClassName"], names.dns1123_subdomain)


def _modes(errors: Errors, path: Path, modes: Sequence[str]) -> None:
    errors.extend(not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if _SINGLE in known and len(known) > 1:
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def _storage(errors: Errors, path: Path, spec: Obj) -> None:
    wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if wanted is None:
        errors.append(required(path["storage"]))
    elif positive_quantity(errors, path["storage"], wanted):
        amount(errors, path["storage"], "storage", wanted)


def _data_sources(errors: Errors, path: Path, spec: Obj) -> None:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    for key, found in (("dataSource", source), ("dataSourceRef", reference)):
        if found is not None:
            _data_source(errors, path / key, found)
    if source is None or reference is None:
        return
    # Upstream shows the path of dataSource as the value: an unexported struct, so {}.
    if reference.get("namespace"):
        errors.append(invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified"))
    elif any(source.get(key) != reference.get(key) for key in ("apiGroup", "kind", "name")):
        errors.append(invalid(path, {}, "must match dataSourceRef"))


def _data_source(errors: Errors, path: Path, source: Obj) -> None:
    for key in ("name", "kind"):
        if not source.get(key):
            errors.append(required(path / key))
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, source.get("kind", ""), detail))
    if group:
        name(errors, path / "apiGroup", group, names.dns1123_subdomain)
