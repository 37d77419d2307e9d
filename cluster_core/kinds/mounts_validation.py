"""Volume mounts and block devices of containers. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster_core.kinds.checks import no_backsteps, relative_path
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_found, not_supported, required
from cluster_core.machinery.typed import Obj

Volumes = Mapping[str, Obj]
"""The well-formed volumes of the pod by name."""
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def volume_mounts(errors: Errors, path: Path, container: Obj, volumes: Volumes) -> None:
    """spec.containers[].volumeMounts; `path` is theirs."""
    devices = {one.get("name", ""): one.get("devicePath", "") for one in container.get("volumeDevices") or ()}
    points: set[str] = set()
    for index, mount in enumerate(container["volumeMounts"]):
        wanted, point = mount.get("name", ""), mount.get("mountPath", "")
        if not wanted:
            errors.append(required(path[index] / "name"))
        if wanted not in volumes:
            errors.append(not_found(path[index] / "name", wanted))
        if not point:
            errors.append(required(path[index] / "mountPath"))
        if point in points:
            errors.append(invalid(path[index] / "mountPath", point, "must be unique"))
        points.add(point)
        if devices:
            _not_a_device(errors, path[index], (wanted, point), devices)
        _details(errors, path, index, mount, container)


def _not_a_device(errors: Errors, path: Path, mount: tuple[str, str], devices: Mapping[str, str]) -> None:
    wanted, point = mount
    if wanted in devices:
        errors.append(invalid(path / "name", wanted, "must not already exist in volumeDevices"))
    if point in devices.values():
        errors.append(invalid(path / "mountPath", point, "must not already exist as a path in volumeDevices"))


def _details(errors: Errors, path: Path, index: int, mount: Obj, container: Obj) -> None:
    """Sub paths, propagation and recursion: upstream tells them at the list, without the index."""
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        relative_path(errors, path / "subPath", sub_path)
    if expression:
        if sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid(path[index] / "subPathExpr", expression, detail))
        relative_path(errors, path / "subPathExpr", expression)
    if mount.get("mountPropagation") is not None:
        _propagation(errors, path / "mountPropagation", mount["mountPropagation"], container)
    if mount.get("recursiveReadOnly") is not None:
        _recursive(errors, path / "recursiveReadOnly", mount)


def _propagation(errors: Errors, path: Path, mode: str, container: Obj) -> None:
    if mode not in _PROPAGATIONS:
        errors.append(not_supported(path, mode, _PROPAGATIONS))
    if mode == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(forbidden(path, detail))


def _recursive(errors: Errors, path: Path, mount: Obj) -> None:
    mode = mount["recursiveReadOnly"]
    if mode not in _RECURSIVE:
        errors.append(not_supported(path, mode, _RECURSIVE))
    elif mode != "Disabled":
        if not mount.get("readOnly"):
            errors.append(forbidden(path, "may only be specified when readOnly is true"))
        if mount.get("mountPropagation", "None") != "None":
            detail = "may only be specified when mountPropagation is None or not specified"
            errors.append(forbidden(path, detail))


def volume_devices(errors: Errors, path: Path, container: Obj, volumes: Volumes) -> None:
    """spec.containers[].volumeDevices; `path` is theirs."""
    mounts = {one.get("name", ""): one.get("mountPath", "") for one in container.get("volumeMounts") or ()}
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        _device_name(errors, path[index] / "name", device.get("name", ""), (volumes, names))
        _device_path(errors, path[index] / "devicePath", device.get("devicePath", ""), paths)
        if device.get("name", "") in mounts:
            detail = "must not already exist in volumeMounts"
            errors.append(invalid(path[index] / "name", device.get("name", ""), detail))
        if device.get("devicePath", "") in mounts.values():
            detail = "must not already exist as a path in volumeMounts"
            errors.append(invalid(path[index] / "devicePath", device.get("devicePath", ""), detail))
        names.update(filter(None, [device.get("name", "")]))


def _device_name(errors: Errors, path: Path, wanted: str, known: tuple[Volumes, set[str]]) -> None:
    volumes, seen = known
    source = volumes.get(wanted)
    if not wanted:
        errors.append(required(path))
    if wanted in seen:
        errors.append(invalid(path, wanted, "must be unique"))
    if source is None:
        errors.append(not_found(path, wanted))
    elif source.get("persistentVolumeClaim") is None and source.get("ephemeral") is None:
        detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        errors.append(invalid(path, wanted, detail))


def _device_path(errors: Errors, path: Path, target: str, seen: set[str]) -> None:
    if not target:
        errors.append(required(path))
    if target in seen:
        errors.append(invalid(path, target, "must be unique"))
    backsteps: Errors = []
    no_backsteps(backsteps, path, target)
    if backsteps:
        errors.append(invalid(path, target, "can not contain backsteps ('..')"))
    else:
        seen.add(target)


def file_key_volumes(errors: Errors, path: Path, containers: Sequence[Obj], volumes: Mapping[str, Obj]) -> None:
    """Variables read from files need an emptyDir; `path` is that of the containers, `volumes` all volumes by name."""
    for index, container in enumerate(containers):
        for at, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            wanted = reference.get("volumeName", "")
            where = (path[index] / "env")[at].child("valueFrom", "fileKeyRef", "volumeName")
            if wanted not in volumes:
                errors.append(not_found(where, wanted))
            elif volumes[wanted].get("emptyDir") is None:
                errors.append(invalid(where, wanted, "referenced volume must be of type emptyDir"))
