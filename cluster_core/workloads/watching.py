"""What a script writes into its volumes, each change with the time at which it was made: seen whenever it lets time pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bashkit import FileSystem

from cluster_core.machinery.containers import Added
from cluster_core.workloads.disks import MORE, SET

Change = tuple[float, str, str, "str | None"]
"""(seconds, path, how, text): see `disks`; bytes in latin-1."""

_MOST_FILES = 100
"""Of more files than this only what they are in the end is seen."""
_MOST_TEXT = 64 * 1024
"""Characters of one script's changes."""


class Watch:
    """The files below some directories, from one look to the next."""

    def __init__(self, places: Sequence[str], fs: FileSystem) -> None:
        self._places = places
        self._known = self._files(fs)
        self._room = _MOST_TEXT
        self.changes: list[Change] = []

    def pause(self, clock: float, fs: FileSystem) -> None:
        """The script lets time pass."""
        if self._places and len(self._known) <= _MOST_FILES:
            self.look(clock, fs)

    def look(self, clock: float, fs: FileSystem) -> None:
        """Note what has changed."""
        now = self._files(fs)
        if now == self._known:
            return
        for path in sorted({*now, *self._known}):
            before, text = self._known.get(path), now.get(path)
            if before != text:
                self._note(clock, path, before, text)
        self._known = now

    def _note(self, clock: float, path: str, before: str | None, text: str | None) -> None:
        longer = before is not None and text is not None and text.startswith(before)
        change = (clock, path, MORE, (text or "")[len(before or "") :]) if longer else (clock, path, SET, text)
        self._room -= len(change[3] or "")
        if self._room >= 0:
            self.changes.append(change)

    def learn(self, written: Mapping[str, str | None]) -> None:
        """Others have written this."""
        for path, text in written.items():
            if not any(path == place or path.startswith(f"{place}/") for place in self._places):
                continue
            if text is None:
                self._known.pop(path, None)
            else:
                before = self._known.get(path, "") if isinstance(text, Added) else ""
                self._known[path] = before + text.encode("utf-8", "surrogateescape").decode("latin-1")

    def _files(self, fs: FileSystem) -> dict[str, str]:
        found: dict[str, str] = {}
        for place in self._places:
            if fs.exists(place):
                self._collect(fs, place, found)
        return found

    def _collect(self, fs: FileSystem, place: str, found: dict[str, str]) -> None:
        if fs.stat(place)["file_type"] != "directory":
            found[place] = fs.read_file(place).decode("latin-1")
            return
        for each in fs.read_dir(place):
            path = f"{place.rstrip('/')}/{each['name']}"
            if each["metadata"]["file_type"] == "directory":
                self._collect(fs, path, found)
            elif each["metadata"]["file_type"] == "file":
                found[path] = fs.read_file(path).decode("latin-1")
