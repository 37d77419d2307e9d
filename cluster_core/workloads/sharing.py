"""Volumes in which containers leave things for each other and for those after them, whole or by sub-paths of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import NamedTuple, TypeVar

from cluster_core.machinery.containers import Launch
from cluster_core.machinery.typed import Obj
from cluster_core.workloads.disks import Disks

Content = TypeVar("Content")
_SHARED = ("emptyDir", "persistentVolumeClaim", "hostPath", "ephemeral")


class SharedMount(NamedTuple):
    """A volume, or what is below `sub_path` in it, at `path` in one container."""

    volume: str
    path: str
    sub_path: str = ""

    def shown(self, files: Mapping[str, Content]) -> dict[str, Content]:
        """The volume's files where the container sees them."""
        if not self.sub_path:
            return {f"{self.path}/{name}": content for name, content in files.items()}
        below = {self.path + name[len(self.sub_path) :]: content for name, content in files.items() if name.startswith(self.sub_path + "/")}
        return {self.path: files[self.sub_path]} if self.sub_path in files else below

    def inside(self, files: Mapping[str, Content]) -> dict[str, Content]:
        """Of the container's files those in the volume, by their names there."""
        prefix = f"{self.sub_path}/" if self.sub_path else ""
        found = {prefix + path[len(self.path) + 1 :]: content for path, content in files.items() if path.startswith(self.path + "/")}
        return {self.sub_path: files[self.path], **found} if self.sub_path and self.path in files else found


class Left(MutableMapping[str, "str | None"]):
    """What is written in a container from outside, by path: `own` what is only its own; in shared volumes it is on their
    disks (`mounts` name those), with all that others have left there by `now`."""

    def __init__(self, own: dict[str, str | None], mounts: list[SharedMount], disks: Disks, now: int) -> None:
        self._own, self._disks, self._now = own, disks, now
        self._mounts = sorted(mounts, key=lambda mount: len(mount.path))

    def _all(self) -> dict[str, str | None]:
        found = dict(self._own)
        for mount in self._mounts:
            found |= mount.shown(self._disks.read(mount.volume, self._now))
        return found

    def __getitem__(self, path: str) -> str | None:
        place = where(self._mounts, path)
        return self._own[path] if place is None else self._disks.read(place[0], self._now)[place[1]]

    def __setitem__(self, path: str, text: str | None) -> None:
        place = where(self._mounts, path)
        if place is None:
            self._own[path] = text
        else:
            self._disks.write(*place, text)

    def __delitem__(self, path: str) -> None:
        """It is remembered as removed: the image or the machine may have such a file too."""
        self[path] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def where(mounts: list[SharedMount], path: str) -> tuple[str, str] | None:
    """On which volume a container's file is, by which name there; None: on none of these."""
    for mount in sorted(mounts, key=lambda mount: -len(mount.path)):
        for name in mount.inside({path: ""}):
            return mount.volume, name
    return None


def located(launch: Launch, volume_of: Callable[[str, str], Obj | None]) -> list[SharedMount]:
    """The same mounts as those of the disks that carry the volumes; `volume_of` finds the PersistentVolume of a claim."""
    volumes = {volume["name"]: volume for volume in launch.pod["spec"].get("volumes", ())}
    return [_on_disk(mount, *_disk_of(launch, volumes[mount.volume], volume_of)) for mount in shared_mounts(launch)]


def _on_disk(mount: SharedMount, disk: str, root: str) -> SharedMount:
    return SharedMount(disk, mount.path, "/".join(part for part in (root, mount.sub_path) if part))


def _disk_of(launch: Launch, volume: Obj, volume_of: Callable[[str, str], Obj | None]) -> tuple[str, str]:
    """The disk that carries a pod's volume, and the directory there."""
    metadata = launch.pod["metadata"]
    if "hostPath" in volume:
        return node_disk(launch.node), volume["hostPath"]["path"].strip("/")
    if "emptyDir" not in volume:
        claim = volume.get("persistentVolumeClaim", {}).get("claimName") or f"{metadata['name']}-{volume['name']}"
        found = volume_of(metadata.get("namespace", "default"), claim)
        if found is not None:
            disk, root = carrier(found)
            return disk or node_disk(launch.node), root
    return f"pod/{metadata['uid']}/{volume['name']}", ""


def node_disk(node: str) -> str:
    return f"node/{node}"


def carrier(volume: Obj) -> tuple[str, str]:
    """The disk that carries a PersistentVolume, "" for that of whichever node it is used on, and the directory there."""
    spec = volume["spec"]
    for source in ("hostPath", "local"):
        if source in spec:
            return "", spec[source]["path"].strip("/")
    if "csi" in spec:
        return f"csi/{spec['csi']['driver']}/{spec['csi']['volumeHandle']}", ""
    if "nfs" in spec:
        return f"nfs/{spec['nfs']['server']}", spec["nfs"]["path"].strip("/")
    return f"volume/{volume['metadata']['uid']}", ""


def shared_mounts(launch: Launch) -> list[SharedMount]:
    """The container's mounts of such volumes."""
    shared = {volume["name"] for volume in launch.pod["spec"].get("volumes", ()) if any(key in volume for key in _SHARED)}
    return [
        SharedMount(mount["name"], mount["mountPath"].rstrip("/"), str(mount.get("subPath", "")).strip("/"))
        for mount in launch.container.get("volumeMounts", ())
        if mount["name"] in shared
    ]


def aliases(launch: Launch) -> dict[str, str]:
    """Sub-paths of volumes that the same container also sees whole: path -> where the same directory is in the whole one."""
    found = shared_mounts(launch)
    whole = {mount.volume: mount.path for mount in found if not mount.sub_path}
    return {mount.path: f"{whole[mount.volume]}/{mount.sub_path}" for mount in found if mount.sub_path and mount.volume in whole}


def watched(launch: Launch) -> list[str]:
    """The paths below which the container sees such volumes, each file once."""
    seen = {mount.path for mount in shared_mounts(launch)} - aliases(launch).keys()
    return sorted(path for path in seen if not any(path.startswith(f"{other}/") for other in seen))
