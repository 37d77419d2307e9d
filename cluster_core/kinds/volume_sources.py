"""Volume sources that say where storage is, most of them shared with persistent volumes.

Models the validate*VolumeSource functions of pkg/apis/core/validation; each check gets (errors, path of the source, source).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cluster_core.kinds.checks import name, named, needed, no_backsteps, relative_path, supported
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required, too_long
from cluster_core.machinery.typed import Obj

Check = Callable[[Errors, Path, Obj], None]
HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_INITIATORS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)\Z"),
    "eui": re.compile(r"eui.[0-9A-Za-z]{16}\Z"),
    "naa": re.compile(r"naa.[0-9A-Za-z]{32}\Z"),
}
_CACHING = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS = ("Dedicated", "Managed", "Shared")
_MANAGED = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
_HOST_PORT = "must be a host:port pair or multiple pairs separated by commas"
_DRIVER_LENGTH = 63


def fields(*keys: str) -> Check:
    """A source of which these members must be there and nothing else is checked."""
    return lambda errors, path, source: needed(errors, source, path, *keys)


def host_path(errors: Errors, path: Path, source: Obj) -> None:
    target = source.get("path")
    if not target:
        errors.append(required(path / "path"))
        return
    no_backsteps(errors, path / "path", target)
    supported(errors, path / "type", source.get("type"), HOST_PATH_TYPES)


def _git_repo(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "repository")
    relative_path(errors, path / "directory", source.get("directory", ""))


def partitioned(key: str) -> Check:
    """A disk named by `key` with a partition."""

    def check(errors: Errors, path: Path, source: Obj) -> None:
        needed(errors, source, path, key)
        if not 0 <= source.get("partition", 0) <= 255:
            errors.append(invalid(path / "partition", source["partition"], names.range_error(1, 255)))

    return check


def nfs(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "server", "path")
    if not source.get("path", "").startswith("/"):
        errors.append(invalid(path / "path", source.get("path", ""), "must be an absolute path"))


def iscsi(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "targetPortal")
    if not source.get("iqn"):
        errors.append(required(path / "iqn"))
    else:
        _initiator(errors, path / "iqn", source["iqn"])
    if not 0 <= source.get("lun", 0) <= 255:
        errors.append(invalid(path / "lun", source["lun"], names.range_error(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        errors.append(required(path / "secretRef"))
    if source.get("initiatorName") is not None:
        _initiator(errors, path / "initiatorname", source["initiatorName"])


def _initiator(errors: Errors, path: Path, text: str) -> None:
    pattern = _INITIATORS.get(text[:3])
    if pattern is None:
        errors.append(invalid(path, text, "must be valid format starting with iqn, eui, or naa"))
    elif not (pattern.search(text) if text.startswith("iqn") else pattern.match(text)):
        errors.append(invalid(path, text, "must be valid format"))


def fibre_channel(errors: Errors, path: Path, source: Obj) -> None:
    wwns, wwids = source.get("targetWWNs") or (), source.get("wwids") or ()
    if not wwns and not wwids:
        errors.append(required(path / "targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if wwns and wwids:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid(path / "targetWWNs", list(wwns), detail))
    if not wwns:
        return
    lun = source.get("lun")
    if lun is None:
        errors.append(required(path / "lun", "lun is required if targetWWNs is specified"))
    elif not 0 <= lun <= 255:
        errors.append(invalid(path / "lun", lun, names.range_error(0, 255)))


def flocker(errors: Errors, path: Path, source: Obj) -> None:
    wanted, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not wanted and not uuid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if wanted and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(invalid(path, "resource", detail))
    if "/" in wanted:
        errors.append(invalid(path / "datasetName", wanted, "must not contain '/'"))


def _secret_reference(errors: Errors, path: Path, source: Obj, key: str = "secretRef") -> None:
    reference = source.get(key)
    if reference is not None and not reference.get("name"):
        errors.append(required(path.child(key, "name")))


def _cinder(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "volumeID")
    _secret_reference(errors, path, source)


def quobyte(errors: Errors, path: Path, source: Obj) -> None:
    registry = source.get("registry", "")
    if not registry:
        errors.append(required(path / "registry", _HOST_PORT))
    elif names.length(source.get("tenant", "")) >= 65:
        errors.append(required(path / "tenant", "must be a UUID and may not exceed a length of 64 characters"))
    else:
        for pair in registry.split(","):
            if not re.fullmatch(r"([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*", pair):
                errors.append(invalid(path / "registry", registry, _HOST_PORT))
    needed(errors, source, path, "volume")


def flex(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "driver")
    for key in source.get("options") or ():
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(invalid((path / "options")[key], key, detail))


def azure_disk(errors: Errors, path: Path, source: Obj) -> None:
    needed(errors, source, path, "diskName", "diskURI")
    kind, uri = source.get("kind"), source.get("diskURI", "")
    supported(errors, path / "cachingMode", source.get("cachingMode"), _CACHING)
    supported(errors, path / "kind", kind, _DISK_KINDS)
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(not_supported(path / "diskURI", uri, (_MANAGED,)))
    if kind is not None and kind != "Managed" and not uri.startswith("https://"):
        errors.append(not_supported(path / "diskURI", uri, (_BLOB,)))


def _storage_os(errors: Errors, path: Path, source: Obj) -> None:
    named(errors, path / "volumeName", source.get("volumeName", ""), names.dns1123_label)
    if source.get("volumeNamespace"):
        name(errors, path / "volumeNamespace", source["volumeNamespace"], names.dns1123_label)
    _secret_reference(errors, path, source)


def csi_driver(errors: Errors, path: Path, driver: str) -> None:
    """ValidateCSIDriverName."""
    if not driver:
        errors.append(required(path))
        return
    if names.length(driver) > _DRIVER_LENGTH:
        errors.append(too_long(path, _DRIVER_LENGTH))
    for message in names.dns1123_subdomain(driver.lower()):
        errors.append(invalid(path, driver, message))


def _csi(errors: Errors, path: Path, source: Obj) -> None:
    csi_driver(errors, path / "driver", source.get("driver", ""))
    _secret_reference(errors, path, source, "nodePublishSecretRef")
    secret = (source.get("nodePublishSecretRef") or {}).get("name")
    if secret:
        name(errors, path / "name", secret, names.dns1123_subdomain)


SOURCES: Mapping[str, Check] = {
    "hostPath": host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": partitioned("pdName"),
    "awsElasticBlockStore": partitioned("volumeID"),
    "nfs": nfs,
    "iscsi": iscsi,
    "glusterfs": fields("endpoints", "path"),
    "flocker": flocker,
    "persistentVolumeClaim": fields("claimName"),
    "rbd": fields("monitors", "image"),
    "cinder": _cinder,
    "cephfs": fields("monitors"),
    "quobyte": quobyte,
    "fc": fibre_channel,
    "flexVolume": flex,
    "azureFile": fields("secretName", "shareName"),
    "vsphereVolume": fields("volumePath"),
    "photonPersistentDisk": fields("pdID"),
    "portworxVolume": fields("volumeID"),
    "azureDisk": azure_disk,
    "storageos": _storage_os,
    "scaleIO": fields("gateway", "system", "volumeName"),
    "csi": _csi,
}
