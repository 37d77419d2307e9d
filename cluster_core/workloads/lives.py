"""What containers' scripts have found in their volumes when they began, and what others wrote there while they ran.

A script is gone through again from its start whenever somebody looks at it: it has to find each time what it found at first,
not what it has written itself meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch
from cluster_core.workloads.disks import MORE, SET, Disks, small
from cluster_core.workloads.sharing import Left, SharedMount, where
from cluster_core.workloads.watching import Change


def place_of(launch: Launch) -> str:
    """One life of one container, within its pod."""
    return f"{launch.container['name']}/{launch.attempt}"


def life_of(launch: Launch) -> str:
    """The same, within the cluster."""
    return f"{launch.pod['metadata']['uid']}/{place_of(launch)}"


def with_files(launch: Launch, files: Mapping[str, str | None], changes: Sequence[tuple[int, Mapping[str, str | None]]] = ()) -> Launch:
    """The launch with these files (latin-1, None: removed) over its own, and what is written to them later."""
    if not files and not changes:
        return launch
    found: dict[str, str | None] = {**launch.files, **_as_texts(files)}
    later = [*launch.changes, *((at, _as_texts(written)) for at, written in changes)]
    present = {path: text for path, text in found.items() if text is not None}
    return launch._replace(files=present, changes=sorted(later, key=lambda change: change[0]))


def _as_bytes(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _as_texts(files: Mapping[str, str | None]) -> dict[str, str | None]:
    return {path: None if text is None else text.encode("latin-1").decode("utf-8", "surrogateescape") for path, text in files.items()}


class Lives:
    """Pod uid -> container/attempt -> {"files": found at the start, "changes": [[when, {path: text}]...], "mounts": on which
    disks, "began": when, "planned": up to which change of the script others will see what it writes}."""

    def __init__(self, saved: Any = None) -> None:
        self._lives: dict[str, dict[str, dict[str, Any]]] = saved or {}

    def dump(self) -> Any:
        return {
            uid: {place: {**life, "files": small(life["files"])} for place, life in lives.items()} for uid, lives in self._lives.items()
        }

    def forget(self, pod_uid: str) -> None:
        self._lives.pop(pod_uid, None)

    def _find(self, launch: Launch) -> dict[str, Any] | None:
        return self._lives.get(launch.pod["metadata"]["uid"], {}).get(place_of(launch))

    def begun(self, launch: Launch) -> Launch | None:
        """The launch as its script began; None when it has none that sees such volumes."""
        life = self._find(launch)
        return None if life is None else with_files(launch, life["files"], [(at, written) for at, written in life["changes"]])

    def begin(self, launch: Launch, mounts: list[SharedMount], disks: Disks) -> None:
        """A script begins, or does something else from now on because its files have changed."""
        known = self._find(launch)
        if known is not None:
            since = launch.changes[-1][0] if launch.changes else launch.now
            disks.cut(life_of(launch), since)
            known["since"], known["planned"] = since, 0
            return
        self._end_earlier(launch, disks)
        self._lives.setdefault(launch.pod["metadata"]["uid"], {})[place_of(launch)] = {
            "files": dict(Left({}, mounts, disks, launch.now)),
            "changes": _foreseen(mounts, disks, launch.now),
            "mounts": [list(mount) for mount in mounts],
            "began": launch.now - launch.now % SECOND,
            "planned": 0,
        }

    def _end_earlier(self, launch: Launch, disks: Disks) -> None:
        """Earlier lives of the container write no more; of them the last is remembered, for its log."""
        uid, name = launch.pod["metadata"]["uid"], launch.container["name"]
        lives = self._lives.get(uid, {})
        for place in [place for place in lives if place.rpartition("/")[0] == name]:
            disks.cut(f"{uid}/{place}", launch.now)
            if int(place.rpartition("/")[2]) < launch.attempt - 1:
                del lives[place]

    def plan(self, launch: Launch, changes: Sequence[Change], disks: Disks) -> None:
        """What the script writes into its volumes will be there for others when its time has come."""
        life = self._find(launch)
        if life is None or len(changes) <= life["planned"]:
            return
        mounts = [SharedMount(*mount) for mount in life["mounts"]]
        known = {*life["files"], *(path for _, path, _, _ in changes[: life["planned"]])}
        for clock, path, how, text in changes[life["planned"] :]:
            at, place = life["began"] + round(clock * SECOND), where(mounts, path)
            if how == MORE and path not in known:  # a file of the machine's own, of which the disk knows nothing yet
                how, text = SET, _as_bytes(launch.files.get(path) or "") + (text or "")
            known.add(path)
            if place is not None and at > life.get("since", 0):
                disks.plan(place[0], life_of(launch), [(at, place[1], how, text)])
        life["planned"] = len(changes)


def _foreseen(mounts: list[SharedMount], disks: Disks, now: int) -> list[list[Any]]:
    """[when, {path: text}] of what others will write."""
    found = [
        (at, path, text)
        for mount in mounts
        for at, name, content in disks.foresee(mount.volume, now)
        for path, text in mount.shown({name: content}).items()
    ]
    grouped = groupby(sorted(found, key=lambda each: each[0]), key=lambda each: each[0])
    return [[at, {path: text for _, path, text in each}] for at, each in grouped]
