"""ls and stat as BusyBox and the GNU tools have them, with owners, modes and times as the container's are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from bashkit import BuiltinContext, BuiltinResult

from cluster_core.machinery.identity import name_of

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = {"file": "-", "directory": "d", "symlink": "l"}
_DIRECTORY_SIZE, _BLOCK = 4096, 4
_UNITS = "KMGTP"
_OWN = ("/dev/.stdin", "/dev/.alive")
"""The sandbox' own files."""


class _Entry(NamedTuple):
    """One line of a listing."""

    name: str
    path: str
    kind: str
    mode: int
    size: int

    @property
    def is_directory(self) -> bool:
        return self.kind == "directory"


def ls(run: Run, context: BuiltinContext) -> BuiltinResult:
    """-l -a -A -1 -d -R -h -n -r -S -F -p; other flags change nothing."""
    flags = {letter for word in context.argv if word.startswith("-") and not word.startswith("--") for letter in word[1:]}
    names = [word for word in context.argv if not word.startswith("-")] or ["."]
    listing = _Listing(run, context, flags)
    missing = [name for name in names if not listing.exists(name)]
    err = "".join(_no_such_file(run, name) for name in missing)
    there = [listing.entry(name, listing.whole(name)) for name in names if name not in missing]
    files = [entry for entry in there if "d" in flags or not entry.is_directory]
    out = listing.lines(files)
    for entry in there:
        if entry not in files:
            out += listing.directory(entry, len(names) > 1 or "R" in flags, bool(out))
    return BuiltinResult(out, err, (1 if _is_small(run) else 2) if missing else 0)


def _is_small(run: Run) -> bool:
    image = run.job.launch.container["image"] if run.job.launch is not None else "busybox"
    return any(name in image for name in ("busybox", "alpine"))


def _no_such_file(run: Run, name: str) -> str:
    return f"ls: {name}: No such file or directory\n" if _is_small(run) else f"ls: cannot access '{name}': No such file or directory\n"


class _Listing:
    def __init__(self, run: Run, context: BuiltinContext, flags: set[str]) -> None:
        self._run, self._context, self._flags = run, context, flags
        self._fs: Any = context.fs
        self._large = {path: size for _, path, size in run.trace.disk}

    def whole(self, name: str) -> str:
        path = name if name.startswith("/") else f"{self._context.cwd.rstrip('/')}/{name}"
        parts: list[str] = []
        for part in path.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        return "/" + "/".join(parts)

    def exists(self, name: str) -> bool:
        return bool(self._fs.exists(self.whole(name)))

    def entry(self, name: str, path: str, found: Any = None) -> _Entry:
        found = found or self._fs.stat(path)
        kind = found["file_type"]
        if kind == "symlink" and not found.get("listed") and self._fs.exists(path) and "l" not in self._flags:
            kind = self._fs.stat(path)["file_type"]
        mode = (found["mode"] & 0o777) | self._run.special_bits(path)
        size = _DIRECTORY_SIZE if kind == "directory" else self._large.get(path) or found["size"]
        return _Entry(name, path, kind, mode, size)

    def inside(self, path: str) -> list[_Entry]:
        prefix = path.rstrip("/")
        found = [self.entry(each["name"], f"{prefix}/{each['name']}", {**each["metadata"], "listed": True}) for each in self._fs.read_dir(path)]
        found = [entry for entry in found if entry.path not in _OWN and (self._flags & {"a", "A"} or not entry.name.startswith("."))]
        if "a" in self._flags:
            parent = path.rstrip("/").rpartition("/")[0] or "/"
            found += [self.entry(".", path), self.entry("..", parent)]
        return found

    def directory(self, entry: _Entry, titled: bool, spaced: bool) -> str:
        found = self.inside(entry.path)
        total = f"total {sum(self._blocks(each) for each in found)}\n" if self._flags & {"l", "n"} else ""
        title = ("\n" if spaced else "") + (f"{entry.name}:\n" if titled else "")
        out = title + total + self.lines(found)
        if "R" in self._flags:
            for each in sorted(found, key=lambda one: one.name):
                if each.is_directory and each.name not in (".", ".."):
                    out += self.directory(each._replace(name=f"{entry.name.rstrip('/')}/{each.name}"), True, True)
        return out

    @staticmethod
    def _blocks(entry: _Entry) -> int:
        return -(-entry.size // _DIRECTORY_SIZE) * _BLOCK if entry.kind != "symlink" else 0

    def lines(self, entries: list[_Entry]) -> str:
        by_size = "S" in self._flags
        ordered = sorted(entries, key=lambda entry: (-entry.size if by_size else 0, entry.name))
        ordered = ordered[::-1] if "r" in self._flags else ordered
        rows = [self._long(entry) if self._flags & {"l", "n"} else [self._named(entry)] for entry in ordered]
        return "".join(line + "\n" for line in _aligned(rows))

    def _named(self, entry: _Entry) -> str:
        mark = "/" if entry.is_directory and self._flags & {"F", "p"} else ""
        target = f" -> {self._fs.read_link(entry.path)}" if entry.kind == "symlink" and self._flags & {"l", "n"} else ""
        return entry.name + mark + target

    def _long(self, entry: _Entry) -> list[str]:
        uid, gid = self._run.owner_of(entry.path)
        owner, group = (str(uid), str(gid)) if "n" in self._flags else (name_of(uid), name_of(gid))
        size = _human(entry.size) if "h" in self._flags else str(entry.size)
        moment = _EPOCH + timedelta(microseconds=self._run.job.began)
        links = "2" if entry.is_directory else "1"
        return [letters(entry.kind, entry.mode), links, owner, group, size, moment.strftime("%b %e %H:%M"), self._named(entry)]


def letters(kind: str, mode: int) -> str:
    """-rwxr-xr-x, with s and t where they are."""
    plain = [letter if mode >> (8 - index) & 1 else "-" for index, letter in enumerate("rwxrwxrwx")]
    for bit, index, letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if mode & bit:
            plain[index] = letter if plain[index] == "x" else letter.upper()
    return _LETTERS.get(kind, "-") + "".join(plain)


def _human(size: int) -> str:
    power = min(max(size.bit_length() - 1, 0) // 10, len(_UNITS))
    amount = size / 1024**power
    return str(size) if not power else f"{amount:.1f}{_UNITS[power - 1]}" if amount < 10 else f"{amount:.0f}{_UNITS[power - 1]}"


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    """Long lines in columns: numbers to the right."""
    if not rows or len(rows[0]) == 1:
        yield from (row[0] for row in rows)
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for mode, links, owner, group, size, moment, name in rows:
        yield f"{mode} {links:>{widths[1]}} {owner:<{widths[2]}} {group:<{widths[3]}} {size:>{widths[4]}} {moment} {name}"
