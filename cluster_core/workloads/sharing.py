"""Volumes in which the containers of a pod leave things for each other, whole or by sub-paths of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
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

    def left(self, kept: Mapping[str, dict[str, str | None]]) -> dict[str, str | None]:
        """What commands from outside have left there, by whichever container: see Left."""
        return self.shown(kept.get(_key(self), {}))

    def inside(self, files: Mapping[str, Content]) -> dict[str, Content]:
        """Of the container's files those in the volume, by their names there."""
        prefix = f"{self.sub_path}/" if self.sub_path else ""
        return {prefix + path[len(self.path) + 1 :]: content for path, content in files.items() if path.startswith(self.path + "/")}


class Left(MutableMapping[str, "str | None"]):
    """What commands from outside have left in a container, by path: in shared volumes it is there for the pod's others too.
    `kept` has it all for one pod, by container and by volume."""

    def __init__(self, kept: dict[str, dict[str, str | None]], place: str, mounts: list[SharedMount]) -> None:
        self._kept, self._place, self._mounts = kept, place, mounts

    def _own(self) -> dict[str, str | None]:
        return self._kept.get(self._place, {})

    def _all(self) -> dict[str, str | None]:
        found = dict(self._own())
        for mount in self._mounts:
            found |= mount.shown(self._kept.get(_key(mount), {}))
        return found

    def _where(self, path: str) -> tuple[str, str]:
        """Under which key, by which name."""
        for mount in sorted(self._mounts, key=lambda mount: -len(mount.path)):
            for name in mount.inside({path: ""}):
                return _key(mount), name
        return self._place, path

    def __getitem__(self, path: str) -> str | None:
        return self._all()[path]

    def __setitem__(self, path: str, text: str | None) -> None:
        key, name = self._where(path)
        self._kept.setdefault(key, {})[name] = text

    def __delitem__(self, path: str) -> None:
        key, name = self._where(path)
        del self._kept[key][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _key(mount: SharedMount) -> str:
    """No container's: their keys have a slash behind the name."""
    return f"/{mount.volume}"


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
