"""Volumes in which the containers of a pod leave things for each other, whole or by sub-paths of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from cluster_core.machinery.containers import Launch

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
        return {prefix + path[len(self.path) + 1 :]: content for path, content in files.items() if path.startswith(self.path + "/")}


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
