"""What a persistent volume may say, as an object or inline in an attachment.

Models ValidatePersistentVolumeSpec of pkg/apis/core/validation and pkg/volume/validation.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from cluster_core.apiserver.internal import difference, internal
from cluster_core.kinds.affinity_validation import node_selector
from cluster_core.kinds.checks import immutable, name, named, needed, no_backsteps, positive_quantity, supported
from cluster_core.kinds.claim_validation import ACCESS_MODES, VOLUME_MODES
from cluster_core.kinds.volume_sources import SOURCES, csi_driver
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_POLICIES = ("Delete", "Recycle", "Retain")
_INLINE = "may not be specified in the context of inline volumes"
_ANOTHER = "may not specify more than 1 volume type"
_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
_TAKE_MOUNT_OPTIONS = frozenset(
    {
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "glusterfs",
        "nfs",
        "rbd",
        "quobyte",
        "iscsi",
        "cinder",
        "cephfs",
        "azureFile",
        "vsphereVolume",
        "azureDisk",
        "photonPersistentDisk",
    }
)
_ISCSI_LENGTH = 64
_AFFINITY = "field is immutable, except for updating from beta label to GA"

Check = Callable[[Errors, Path, Obj], None]


# ------------------------------------------------------------------------------------------------ sources


def _secret(errors: Errors, path: Path, source: Obj) -> None:
    if source.get("secretRef") is not None:
        needed(errors, source["secretRef"], path / "secretRef", "name", "namespace")


def _cinder(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "volumeID")
    _secret(errors, path, source)


def _storage_os(errors: Errors, path: Path, source: Obj) -> None:
    named(errors, path / "volumeName", source.get("volumeName", ""), names.dns1123_label)
    if source.get("volumeNamespace"):
        name(errors, path / "volumeNamespace", source["volumeNamespace"], names.dns1123_label)
    _secret(errors, path, source)


def _glusterfs(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "endpoints", "path")
    namespace = source.get("endpointsNamespace")
    if namespace == "":
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        errors.append(invalid(path / "endpointsNamespace", namespace, detail))
    elif namespace is not None:
        name(errors, path / "endpointsNamespace", namespace, names.dns1123_label)


def _azure_file(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "secretName", "shareName")
    if source.get("secretNamespace") == "":
        errors.append(required(path / "secretNamespace"))


def _local(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "path")
    no_backsteps(errors, path / "path", source.get("path", ""))


def _csi(errors: Errors, path: Path, source: Obj) -> None:
    csi_driver(errors, path / "driver", source.get("driver", ""))
    needed(errors, source, path, "volumeHandle")
    for step in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        reference = source.get(step + "SecretRef")
        if reference is not None:
            at = path / (step + "SecretRef")
            named(errors, at / "name", reference.get("name", ""), names.dns1123_subdomain)
            named(errors, at / "namespace", reference.get("namespace", ""), names.dns1123_label)


VOLUME_TYPES: Mapping[str, tuple[str, Check]] = {
    "hostPath": ("hostPath", SOURCES["hostPath"]),
    "gcePersistentDisk": ("persistentDisk", SOURCES["gcePersistentDisk"]),
    "awsElasticBlockStore": ("awsElasticBlockStore", SOURCES["awsElasticBlockStore"]),
    "glusterfs": ("glusterfs", _glusterfs),
    "flocker": ("flocker", SOURCES["flocker"]),
    "nfs": ("nfs", SOURCES["nfs"]),
    "rbd": ("rbd", SOURCES["rbd"]),
    "quobyte": ("quobyte", SOURCES["quobyte"]),
    "cephfs": ("cephfs", SOURCES["cephfs"]),
    "iscsi": ("iscsi", SOURCES["iscsi"]),
    "cinder": ("cinder", _cinder),
    "fc": ("fc", SOURCES["fc"]),
    "flexVolume": ("flexVolume", SOURCES["flexVolume"]),
    "azureFile": ("azureFile", _azure_file),
    "vsphereVolume": ("vsphereVolume", SOURCES["vsphereVolume"]),
    "photonPersistentDisk": ("photonPersistentDisk", SOURCES["photonPersistentDisk"]),
    "portworxVolume": ("portworxVolume", SOURCES["portworxVolume"]),
    "azureDisk": ("azureDisk", SOURCES["azureDisk"]),
    "scaleIO": ("scaleIO", SOURCES["scaleIO"]),
    "local": ("local", _local),
    "storageos": ("storageos", _storage_os),
    "csi": ("csi", _csi),
}
"""The types of volume, in the order they are looked for: the path their errors show, and their check."""


def _source(errors: Errors, path: Path, spec: Obj) -> None:
    found = [key for key in VOLUME_TYPES if spec.get(key) is not None]
    for index, key in enumerate(found):
        shown, check = VOLUME_TYPES[key]
        if index and key != "flexVolume":
            errors.append(forbidden(path / ("cephFS" if key == "cephfs" else key), _ANOTHER))
            continue
        check(errors, path / shown, spec[key])
        if key == "local" and spec.get("nodeAffinity") is None:
            errors.append(required(path / "nodeAffinity", "Local volume requires node affinity"))
    if not found:
        errors.append(required(path, "must specify a volume type"))


# ------------------------------------------------------------------------------------------------ the rest of it


def volume_spec(errors: Errors, path: Path, spec: Obj, *, inline: bool = False) -> None:
    """A PersistentVolumeSpec."""
    if inline:
        _inline(errors, path, spec)
    _modes(errors, path / "accessModes", spec)
    if not inline:
        _capacity(errors, path / "capacity", spec.get("capacity"))
    _policy(errors, path / "persistentVolumeReclaimPolicy", spec.get("persistentVolumeReclaimPolicy", ""), inline)
    _affinity(errors, path / "nodeAffinity", spec.get("nodeAffinity"), inline)
    _source(errors, path, spec)
    root = posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/"
    if root and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(forbidden(path / "persistentVolumeReclaimPolicy", detail))
    _class(errors, path, spec, inline)
    _attributes_class(errors, path, spec)


def _inline(errors: Errors, path: Path, spec: Obj) -> None:
    if spec.get("claimRef") is not None:
        errors.append(forbidden(path / "claimRef", _INLINE))
    if spec.get("capacity"):
        errors.append(forbidden(path / "capacity", _INLINE))
    if spec.get("csi") is None:
        errors.append(required(path / "csi", "has to be specified in the context of inline volumes"))


def _modes(errors: Errors, path: Path, spec: Obj) -> None:
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required(path))
    errors.extend(not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def _capacity(errors: Errors, path: Path, found: Mapping[str, str] | None) -> None:
    capacity = found or {}
    if not capacity:
        errors.append(required(path))
    if "storage" not in capacity or len(capacity) > 1:
        shown = {key: capacity[key] for key in sorted(capacity)}
        errors.append(not_supported(path, None if found is None else shown, ("storage",)))
    for resource, text in capacity.items():
        if quantity.value(text) < 0:
            errors.append(invalid(path[resource], quantity.value(text), "must be a valid resource quantity"))
        positive_quantity(errors, path[resource], text)


def _policy(errors: Errors, path: Path, policy: str, inline: bool) -> None:
    if policy and inline and policy != "Retain":
        errors.append(forbidden(path, "may only be Retain in the context of inline volumes"))
    elif policy and not inline:
        supported(errors, path, policy, _POLICIES)


def _affinity(errors: Errors, path: Path, affinity: Obj | None, inline: bool) -> None:
    if affinity is None:
        return
    if inline:
        errors.append(forbidden(path, _INLINE))
    elif affinity.get("required") is None:
        errors.append(required(path / "required", "must specify required node constraints"))
    else:
        node_selector(errors, path / "required", affinity["required"])


def _class(errors: Errors, path: Path, spec: Obj, inline: bool) -> None:
    found, mode = spec.get("storageClassName"), spec.get("volumeMode")
    if found and inline:
        errors.append(forbidden(path / "storageClassName", _INLINE))
    elif found:
        name(errors, path / "storageClassName", found, names.dns1123_subdomain)
    if not inline:
        supported(errors, path / "volumeMode", mode, VOLUME_MODES)
    elif mode is not None and mode != "Filesystem":
        detail = "may not specify volumeMode other than Filesystem in the context of inline volumes"
        errors.append(forbidden(path / "volumeMode", detail))


def _attributes_class(errors: Errors, path: Path, spec: Obj) -> None:
    found = spec.get("volumeAttributesClassName")
    if found is None:
        return
    if not found:
        errors.append(required(path / "volumeAttributesClassName", "an empty string is disallowed"))
    else:
        name(errors, path / "volumeAttributesClassName", found, names.dns1123_subdomain)
    if spec.get("csi") is None:
        errors.append(required(path / "csi", "has to be specified when using volumeAttributesClassName"))


# ------------------------------------------------------------------------------------------------ the object


def validate(volume: Obj) -> Errors:
    return _core(volume) + _mount_options(volume)


def _core(volume: Obj) -> Errors:
    errors: Errors = []
    spec = volume.get("spec") or {}
    volume_spec(errors, _SPEC, spec)
    _initiator_length(errors, volume["metadata"].get("name", ""), spec.get("iscsi") or {})
    return errors


def _mount_options(volume: Obj) -> Errors:
    annotations = volume["metadata"].get("annotations") or {}
    if _MOUNT_OPTIONS not in annotations or _TAKE_MOUNT_OPTIONS & (volume.get("spec") or {}).keys():
        return []
    path = Path("metadata").child("annotations", _MOUNT_OPTIONS)
    return [forbidden(path, "may not specify mount options for this volume type")]


def _initiator_length(errors: Errors, volume: str, source: Obj) -> None:
    portal = source.get("targetPortal", "")
    if source.get("initiatorName") is not None and names.length(f"{volume}:{portal}") > _ISCSI_LENGTH:
        detail = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
            "if iscsi.initiatorName is specified."
        )
        errors.append(invalid(_SPEC.child("iscsi", "targetportal"), portal, detail))


def validate_update(new: Obj, old: Obj) -> Errors:
    errors = [*validate(new), *_core(new)]  # upstream checks the object once more within its update
    after, before = new.get("spec") or {}, old.get("spec") or {}
    sources = _sources(after, before), _sources(before, before)
    if sources[0] != sources[1]:
        change = difference("core.PersistentVolumeSource", sources[1], sources[0])
        detail = f"spec.persistentvolumesource is immutable after creation\n{change}"
        errors.append(forbidden(_SPEC / "persistentvolumesource", detail))
    immutable(errors, Path("volumeMode"), after.get("volumeMode"), before.get("volumeMode"))
    if before.get("nodeAffinity") is not None and after.get("nodeAffinity") != before["nodeAffinity"]:
        shown = internal("*core.VolumeNodeAffinity", after.get("nodeAffinity"))
        errors.append(invalid("nodeAffinity", shown, _AFFINITY))
    key = "volumeAttributesClassName"
    if before.get(key) is not None and after.get(key) is None:
        errors.append(forbidden(_SPEC / key, "update from non-nil value to nil is forbidden"))
    return errors


def _sources(spec: Obj, before: Obj) -> Obj:
    """The volume's source; a secret for expanding it may come later."""
    found = {key: spec[key] for key in VOLUME_TYPES if spec.get(key) is not None}
    late = "controllerExpandSecretRef"
    if "csi" in found and before.get("csi") is not None and late not in before["csi"]:
        found["csi"] = {key: value for key, value in found["csi"].items() if key != late}
    return found


def warnings(new: Obj, old: Obj | None) -> list[str]:
    annotations, spec = new["metadata"].get("annotations") or {}, new.get("spec") or {}
    found = [f"metadata.annotations[{key}]: {text}" for key, text in _OLD_ANNOTATIONS.items() if key in annotations]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
        found.append(f"spec.persistentVolumeReclaimPolicy: {text}")
    gone = ((key, shown, text) for key, (shown, text) in _OLD_TYPES.items() if spec.get(key) is not None)
    return found + [f"spec.{shown}: deprecated in {text}" for _, shown, text in gone]


_OLD_ANNOTATIONS = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    _MOUNT_OPTIONS: 'deprecated since v1.31; use "mountOptions" attribute instead',
}
_OLD_TYPES = {
    "cephfs": ("cephfs", "v1.28, non-functional in v1.31+"),
    "photonPersistentDisk": ("photonPersistentDisk", "v1.11, non-functional in v1.16+"),
    "scaleIO": ("scaleIO", "v1.16, non-functional in v1.22+"),
    "storageos": ("storageOS", "v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "v1.25, non-functional in v1.26+"),
    "rbd": ("rbd", "v1.28, non-functional in v1.31+"),
}
