"""What the volumes hold in which containers write: emptyDir as long as its pod, hostPath and claims' volumes beyond it.

A disk is named by what carries it: "pod/UID/VOLUME" for an emptyDir, "node/NODE" for everything on a machine, anything else
for storage in the network. Files are by relative path, as bytes in latin-1; None: removed. What a script will write later
than now is known when it starts: it waits as `coming` until its time has come, or until the script is ended before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Files = dict[str, "str | None"]
SET, MORE = "=", "+"
"""How a file is written: anew (or removed), or with more text at its end."""
Write = tuple[int, str, str, "str | None"]
"""(when, path on the disk, how, text)."""

MOST_OF_FILE = 16 * 1024
"""Characters of a file that scripts make longer, and of one that is saved."""
_MOST_ON_DISK = 1024 * 1024
"""Characters beyond which scripts leave nothing more on a disk: jobs that come again and again would fill it without end."""
_MOST_FORESEEN = 64 * 1024


class Disks:
    """The contents of all volumes of a cluster."""

    def __init__(self, saved: Any = None) -> None:
        saved = saved or {}
        self._files: dict[str, Files] = saved.get("files", {})
        self._coming: dict[str, dict[str, list[list[Any]]]] = saved.get("coming", {})
        """Disk -> life -> [when, path, how, text], in order."""

    def dump(self) -> Any:
        files = {disk: small(found) for disk, found in self._files.items() if found}
        found = {"files": files, "coming": self._coming}
        return {name: part for name, part in found.items() if part}

    def read(self, disk: str, now: int) -> Mapping[str, str | None]:
        """What is on the disk by now."""
        self._settle(disk, now)
        return self._files.get(disk, {})

    def write(self, disk: str, path: str, text: str | None) -> None:
        self._files.setdefault(disk, {})[path] = text

    def foresee(self, disk: str, now: int, but: str = "") -> Iterator[Write]:
        """What will be written by other lives than this one, as far as it is little."""
        self._settle(disk, now)
        room = _MOST_FORESEEN
        for life, (at, path, how, text) in self._in_order(disk):
            room -= len(text or "") if life != but else 0
            if room < 0:
                return
            if life != but:
                yield at, path, how, text

    def plan(self, disk: str, life: str, writes: Iterable[Write]) -> None:
        """What a container's script writes in its life."""
        kept = self._coming.setdefault(disk, {}).setdefault(life, [])
        kept += [[at, path, how, text] for at, path, how, text in writes]

    def cut(self, life: str, after: int) -> None:
        """The script has ended, or does something else from then on."""
        for disk in [disk for disk, lives in self._coming.items() if life in lives]:
            self._keep(disk, lambda its, write: its != life or write[0] <= after)

    def forget_pod(self, uid: str, now: int) -> None:
        """The pod has gone with its own volumes; what it has written elsewhere by now stays."""
        for disk in [disk for disk, lives in self._coming.items() if any(_pod_of(life) == uid for life in lives)]:
            self._settle(disk, now)
            self._keep(disk, lambda life, write: _pod_of(life) != uid)
        for disk in [disk for disk in {**self._files, **self._coming} if disk.startswith(f"pod/{uid}/")]:
            self.drop(disk)

    def _in_order(self, disk: str) -> list[tuple[str, list[Any]]]:
        """What is to be written there, and by whom."""
        found = [(write[0], life, write) for life, writes in self._coming.get(disk, {}).items() for write in writes]
        return [(life, write) for _, life, write in sorted(found, key=lambda each: each[:2])]

    def _keep(self, disk: str, wanted: Callable[[str, list[Any]], bool]) -> None:
        """Drop what will not be written after all, or has been."""
        lives = {life: [write for write in writes if wanted(life, write)] for life, writes in self._coming.pop(disk, {}).items()}
        if any(lives.values()):
            self._coming[disk] = {life: writes for life, writes in lives.items() if writes}

    def nodes(self) -> list[str]:
        """The disks of machines."""
        return [disk for disk in {**self._files, **self._coming} if disk.startswith("node/")]

    def drop(self, disk: str, below: str = "") -> None:
        """The disk has gone, or a directory on it."""
        prefix = f"{below}/" if below else ""
        for path in [path for path in self._files.get(disk, {}) if path.startswith(prefix)]:
            del self._files[disk][path]
        self._keep(disk, lambda life, write: not write[1].startswith(prefix))
        if not self._files.get(disk):
            self._files.pop(disk, None)

    def _settle(self, disk: str, now: int) -> None:
        """Write what was to be written by now."""
        if all(writes[0][0] > now for writes in self._coming.get(disk, {}).values()):
            return
        files = self._files.setdefault(disk, {})
        room = _MOST_ON_DISK - sum(len(path) + len(text or "") for path, text in files.items())
        for _, (at, path, how, text) in self._in_order(disk):
            room -= len(path) + len(text or "") if at <= now else 0
            if at <= now and (room >= 0 or text is None):
                _apply(files, path, how, text)
        self._keep(disk, lambda life, write: write[0] > now)


def small(files: Mapping[str, str | None]) -> Files:
    """The files that are saved with the cluster."""
    return {path: text for path, text in files.items() if len(text or "") <= MOST_OF_FILE}


def _pod_of(life: str) -> str:
    return life.partition("/")[0]


def _apply(files: Files, path: str, how: str, text: str | None) -> None:
    before = files.get(path) or ""
    if how == SET:
        files[path] = text
    elif len(before) + len(text or "") <= MOST_OF_FILE:
        files[path] = before + (text or "")
    else:
        files.setdefault(path, "")
