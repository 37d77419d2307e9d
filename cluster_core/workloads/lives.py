"""What containers' scripts have found in their volumes when they began, and what others wrote there while they ran.

A script is gone through again from its start whenever somebody looks at it: it has to find each time what it found at first,
not what it has written itself meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Added, Launch
from cluster_core.workloads.disks import MORE, SET, Disks, Write, small
from cluster_core.workloads.sharing import Left, SharedMount, where
from cluster_core.workloads.watching import Change

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Trace


def place_of(launch: Launch) -> str:
    """One life of one container, within its pod."""
    return f"{launch.container['name']}/{launch.attempt}"


def life_of(launch: Launch) -> str:
    """The same, within the cluster."""
    return f"{launch.pod['metadata']['uid']}/{place_of(launch)}"


def with_files(launch: Launch, files: Mapping[str, str | None], changes: Sequence[Told] = ()) -> Launch:
    """The launch with these files (latin-1, None: removed) over its own, and what is written to them later."""
    if not files and not changes:
        return launch
    found = {**launch.files, **_as_texts(files)}
    later = [*launch.changes, *((at, _as_texts(written)) for at, written in changes)]
    present = {path: text for path, text in found.items() if text is not None}
    return launch._replace(files=present, changes=sorted(later, key=lambda change: change[0]))


def _as_bytes(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _as_texts(files: Mapping[str, Any]) -> dict[str, str | None]:
    return {path: Added(_decoded(text[1])) if isinstance(text, list) else _decoded(text) for path, text in files.items()}


def _decoded(text: str | None) -> str | None:
    return None if text is None else text.encode("latin-1").decode("utf-8", "surrogateescape")


Told = list[Any]
"""[when, {path: text}]: latin-1, [MORE, text] what is written at the file's end, None: removed."""
_MOST_CHANGES = 2000
_FOR_EVER = 1e12
_MOST_TURNS = 10
"""How often a script is gone through again for what other scripts write: two that answer each other would do so for ever."""


class _Life(NamedTuple):
    """One of the lives, with what is known of it."""

    uid: str
    place: str
    known: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.uid}/{self.place}"

    @property
    def pod(self) -> str:
        return str(self.known.get("pod", ""))

    @property
    def mounts(self) -> list[SharedMount]:
        return [SharedMount(*mount) for mount in self.known["mounts"]]


class Lives:
    """Pod uid -> container/attempt -> {"files": found at the start, "changes": [[when, {path: text}]...], "mounts": on which
    disks, "began": when, "planned": up to which change of the script others will see what it writes, "pod": its name,
    "turns": how often others' scripts have changed what it finds, "followed": up to when it is known what it writes}."""

    def __init__(self, saved: Any = None) -> None:
        self._lives: dict[str, dict[str, dict[str, Any]]] = saved or {}
        self.stirred: Callable[[str, str, str], None] = lambda uid, place, pod: None
        """A life finds other files than it was believed to find: what it does from now on may be something else."""

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
        return None if life is None else with_files(launch, life["files"], life["changes"])

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
            "pod": pod_of(launch),
        }

    def _end_earlier(self, launch: Launch, disks: Disks) -> None:
        """Earlier lives of the container write no more; of them the last is remembered, for its log."""
        uid, name = launch.pod["metadata"]["uid"], launch.container["name"]
        lives = self._lives.get(uid, {})
        for place in [place for place in lives if place.rpartition("/")[0] == name]:
            disks.cut(f"{uid}/{place}", launch.now)
            if int(place.rpartition("/")[2]) < launch.attempt - 1:
                del lives[place]

    # ------------------------------------------------------------------------------------------------ others

    def hear(self, launch: Launch, began: int, written: Mapping[str, str | None], disks: Disks, now: int) -> None:
        """Somebody has written into the container from outside (latin-1): its script finds that from now on."""
        uid, place = launch.pod["metadata"]["uid"], place_of(launch)
        alone: dict[str, Any] = {"files": {}, "changes": [], "mounts": [], "began": began, "planned": 0, "pod": pod_of(launch)}
        known = self._lives.setdefault(uid, {}).setdefault(place, alone)
        self._change(_Life(uid, place, known), [[now, dict(written)]], disks, now)

    def tell(self, disk: str, writes: Sequence[Write], disks: Disks, now: int, but: str) -> None:
        """This has been written to the disk, and other things will be: those other lives find that whose scripts see it."""
        for life in self._sharing(disk, but):
            shown = [each for mount in life.mounts if mount.volume == disk for each in _shown(mount, writes)]
            self._change(life, in_order(shown), disks, now)

    def writers(self, mounts: list[SharedMount], but: str) -> list[tuple[str, str, str]]:
        """(pod uid, container/attempt, pod) of the lives that may write there too."""
        found = {life.name: life for mount in mounts for life in self._sharing(mount.volume, but)}
        return [(life.uid, life.place, life.pod) for life in found.values()]

    def _sharing(self, disk: str, but: str) -> list[_Life]:
        """The lives that see the disk; an emptyDir's are those of its pod."""
        uids = [disk.split("/")[1]] if disk.startswith("pod/") else list(self._lives)
        every = (_Life(uid, place, known) for uid in uids for place, known in self._lives.get(uid, {}).items())
        return [life for life in every if life.name != but and any(mount[0] == disk for mount in life.known["mounts"])]

    def _change(self, life: _Life, fresh: list[Told], disks: Disks, now: int) -> None:
        """What the life finds from now on: what is fresh, and what others will write."""
        known = life.known
        past = [change for change in known["changes"] if change[0] <= now]
        changes = in_order([*past, *fresh, *_foreseen(life.mounts, disks, now, life.name)])
        if changes == known["changes"] or (not fresh and known.get("turns", 0) >= _MOST_TURNS):
            return
        known["turns"] = known.get("turns", 0) + (not fresh)
        known["changes"] = changes[-_MOST_CHANGES:]
        known["since"], known["planned"] = min(now, known.get("followed", now)), 0
        disks.cut(life.name, known["since"])
        self.stirred(life.uid, life.place, life.pod)

    # ------------------------------------------------------------------------------------------------ writing

    def plan(self, launch: Launch, trace: Trace, disks: Disks, now: int) -> None:
        """What the script writes into its volumes will be there for others when its time has come."""
        life = self._find(launch)
        if life is None:
            return
        life["followed"] = life["began"] + round(min(trace.known, _FOR_EVER) * SECOND)
        if len(trace.left) <= life["planned"]:
            return
        before = self._plan(launch, life, trace.left, disks)
        for disk, writes in before.items():
            self.tell(disk, [write for write in writes if write[0] <= now], disks, now, life_of(launch))

    def _plan(self, launch: Launch, life: dict[str, Any], changes: Sequence[Change], disks: Disks) -> dict[str, list[Write]]:
        """The writes that are new, by disk."""
        planned: dict[str, list[Write]] = {}
        mounts = [SharedMount(*mount) for mount in life["mounts"]]
        known = {*life["files"], *(path for _, path, _, _ in changes[: life["planned"]])}
        for clock, path, how, text in changes[life["planned"] :]:
            at, place = life["began"] + round(clock * SECOND), where(mounts, path)
            if how == MORE and path not in known:  # a file of the machine's own, of which the disk knows nothing yet
                how, text = SET, _as_bytes(launch.files.get(path) or "") + (text or "")
            known.add(path)
            if place is not None and at > life.get("since", 0):
                planned.setdefault(place[0], []).append((at, place[1], how, text))
        for disk, writes in planned.items():
            disks.plan(disk, life_of(launch), writes)
        life["planned"] = len(changes)
        return planned


def pod_of(launch: Launch) -> str:
    """namespace/name"""
    metadata = launch.pod["metadata"]
    return f"{metadata.get('namespace', 'default')}/{metadata['name']}"


def _foreseen(mounts: list[SharedMount], disks: Disks, now: int, but: str = "") -> list[Told]:
    """What others will write."""
    return in_order(each for mount in mounts for each in _shown(mount, disks.foresee(mount.volume, now, but)))


def _shown(mount: SharedMount, writes: Iterable[Write]) -> Iterator[Told]:
    """The writes to a volume, where the container sees it."""
    for at, name, how, text in writes:
        for path, shown in mount.shown({name: [MORE, text] if how == MORE else text}).items():
            yield [at, {path: shown}]


def in_order(changes: Iterable[Told]) -> list[Told]:
    """By their times, those of one moment and of other files together."""
    found: list[Told] = []
    for at, written in sorted(changes, key=lambda change: change[0]):
        if found and found[-1][0] == at and not written.keys() & found[-1][1].keys():
            found[-1] = [at, {**found[-1][1], **written}]
        else:
            found.append([at, written])
    return found
