"""Modes and owners of what volumes bring into a container.

Models pkg/volume/util/atomic_writer.go (modes of files from objects), pkg/volume/emptydir (a directory for everybody) and
pkg/volume/volume_linux.go (what an fsGroup changes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cluster_core.machinery.containers import Launch
from cluster_core.machinery.typed import Obj

SETGID = 0o2000
FROM_OBJECTS = ("configMap", "secret", "downwardAPI", "projected")
_FOR_EVERYBODY = (*FROM_OBJECTS, "emptyDir")
_IN_MEMORY = ("secret", "downwardAPI", "projected")
_READ_BY_GROUP, _WRITTEN_BY_GROUP, _ENTERED_BY_GROUP = 0o440, 0o660, 0o110
TMPFS, EXT4, OVERLAY = "tmpfs", "61267", "2035054128"
"""File systems as statfs tells them: by name or by number."""


class Attributes(NamedTuple):
    """Of one file or directory; a uid of None stands for whoever has made it."""

    mode: int
    uid: int | None = None
    gid: int | None = None


class Mount(NamedTuple):
    """A volume where a container sees it."""

    path: str
    volume: Obj
    sub_path: str = ""
    read_only: bool = False

    @property
    def source(self) -> str:
        """The kind of volume: "configMap", "emptyDir"..."""
        return next((key for key in self.volume if key != "name"), "")

    @property
    def file_system(self) -> str:
        memory = self.source in _IN_MEMORY or self.volume.get("emptyDir", {}).get("medium") == "Memory"
        return TMPFS if memory else EXT4


def mounts(launch: Launch) -> list[Mount]:
    """The container's mounts, those further inside others last."""
    volumes = {volume["name"]: volume for volume in launch.pod["spec"].get("volumes", ())}
    found = [
        Mount(each["mountPath"].rstrip("/") or "/", volumes.get(each["name"], {}), each.get("subPath", ""), bool(each.get("readOnly")))
        for each in launch.container.get("volumeMounts", ())
    ]
    return sorted(found, key=lambda mount: mount.path)


def mount_of(launch: Launch, path: str) -> Mount | None:
    """The innermost mount that a path lies in."""
    inside = [mount for mount in mounts(launch) if path == mount.path or path.startswith(mount.path.rstrip("/") + "/")]
    return inside[-1] if inside else None


def attributes(launch: Launch) -> Iterator[tuple[str, Attributes]]:
    """Path and attributes of all mounted directories and files, as the kubelet has set them."""
    group = (launch.pod["spec"].get("securityContext") or {}).get("fsGroup")
    for mount in mounts(launch):
        if mount.path not in launch.files:
            yield mount.path, _directory(mount, group)
    for path in launch.files:
        found = mount_of(launch, path)
        if found is not None and found.source in FROM_OBJECTS:
            yield path, _file(found, path, group)


def _directory(mount: Mount, group: int | None) -> Attributes:
    mode = 0o777 if mount.source in _FOR_EVERYBODY else 0o755
    if group is None:
        return Attributes(mode, 0, 0)
    more = _READ_BY_GROUP if mount.source in FROM_OBJECTS else _WRITTEN_BY_GROUP
    return Attributes(mode | more | _ENTERED_BY_GROUP | SETGID, 0, group)


def _file(mount: Mount, path: str, group: int | None) -> Attributes:
    inner = mount.sub_path if path == mount.path else path[len(mount.path) + 1 :]
    mode = _mode(mount.volume[mount.source], inner)
    return Attributes(mode, 0, 0) if group is None else Attributes(mode | _READ_BY_GROUP, 0, group)


def _mode(source: Obj, inner: str) -> int:
    """The mode of an item, else the volume's."""
    items: list[Any] = list(source.get("items") or ())
    for each in source.get("sources") or ():
        for kind in ("configMap", "secret", "downwardAPI"):
            items += (each.get(kind) or {}).get("items") or ()
    given = next((item["mode"] for item in items if item["path"] == inner and item.get("mode") is not None), None)
    return int(source.get("defaultMode", 0o644) if given is None else given)


def shown(mode: int, directory: bool = False) -> str:
    """As Go's os.FileMode prints it: drwxr-xr-x."""
    head = "".join(letter for letter, there in (("d", directory), ("u", mode & 0o4000), ("g", mode & 0o2000), ("t", mode & 0o1000)) if there)
    return (head or "-") + "".join(letter if mode >> (8 - index) & 1 else "-" for index, letter in enumerate("rwxrwxrwx"))
