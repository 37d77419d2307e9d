"""Being inside a container: commands one after the other in one shell, and the files they leave for who comes next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from cluster_core.workloads.argv import SHELLS, TOOLS, plain
from cluster_core.workloads.images import entry_of
from cluster_core.workloads.shell import Run

_STDIN, _MARK = "/dev/.stdin", "/dev/.alive"
_EXIT = re.compile(r"\bexit\b")
_HIDDEN = ("/proc", "/sys", "/dev")
_MOST_KEPT = 4 * 1024 * 1024
"""Bytes of files that are remembered per container."""
Files = dict[str, bytes]


class Inner:
    """One session. `written` and `sizes` (of large files, by path) are shared with the sessions before and after it."""

    def __init__(
        self, run: Run, written: MutableMapping[str, str | None], image: str = "", sizes: MutableMapping[str, int] | None = None
    ) -> None:
        self._run, self._written = run, written
        self._sizes = {} if sizes is None else sizes
        self._disk = len(run.trace.disk)
        self._code = 0
        entry = entry_of(image)
        self.shell = entry is None or entry.shell
        """Whether the image has a shell and its tools at all."""
        self.fs: Any = run.bash.fs()
        for path, text in written.items():
            self._restore(path, text)
        self._before = self.files("/")
        self.kept: Callable[[dict[str, str | None]], None] = lambda written: None
        """Hears of the files that a command has written, or removed: None."""

    @property
    def clock(self) -> float:
        """Seconds since the container's start, by what has been run in it."""
        return self._run.clock

    def _restore(self, path: str, text: str | None) -> None:
        if text is not None:
            self.write(path, text.encode("latin-1"))
        elif self.fs.exists(path):
            self.fs.remove(path)

    def execute(self, argv: Sequence[str], stdin: bytes | None = None) -> tuple[int, str, str]:
        """Run a command: exit code, stdout, stderr."""
        return self.script(shlex.join(plain(argv)), stdin)

    def script(self, text: str, stdin: bytes | None = None) -> tuple[int, str, str]:
        """Run what would be typed into a shell; directories and variables stay as it leaves them."""
        if stdin is not None:
            self.fs.write_file(_STDIN, stdin)
            text = f"{{ {text}\n}} < {_STDIN}"
        self._run.stopped = False
        result = self._run.bash.execute_sync(text)
        self._run.bash.clear_cancel()
        self.keep()
        return result.exit_code, result.stdout, result.stderr.replace("bash: line ", "sh: line ")

    def typed(self, text: str) -> tuple[tuple[int, str, str], bool]:
        """What `script` answers, and whether the script has left the shell by `exit`."""
        if self.fs.exists(_MARK):
            self.fs.remove(_MARK)
        done = self.script(f"(exit {self._code}); {text}\n__code=$?; echo > {_MARK}; (exit $__code)")
        if "parse error" in done[2] or "syntax error" in done[2]:  # nothing has run: to have it told of what was typed
            return self.script(text), False
        self._code = done[0]
        endless = self._run.stopped or "error" in done[2]
        return done, not endless and bool(_EXIT.search(text)) and not self.fs.exists(_MARK)

    def has(self, command: str) -> bool:
        """Whether there is a command of this name."""
        if not self.shell and command.rpartition("/")[2] in SHELLS | TOOLS:
            return False
        name = plain([command])[0]
        return bool(self._run.bash.execute_sync(f"command -v {shlex.quote(name)}").exit_code == 0)

    def cwd(self) -> str:
        return str(self._run.bash.execute_sync("pwd").stdout.strip() or "/")

    # ------------------------------------------------------------------------------------------------ files

    def is_directory(self, path: str) -> bool:
        return bool(self.fs.exists(path) and self.fs.stat(path)["file_type"] == "directory")

    def write(self, path: str, content: bytes) -> None:
        parent = path.rpartition("/")[0]
        if parent and not self.fs.exists(parent):
            self.fs.mkdir(parent, True)
        self.fs.write_file(path, content)

    def files(self, place: str) -> Files:
        """All regular files below, by path."""
        found: Files = {}
        for each in self.fs.read_dir(place):
            path = f"{place.rstrip('/')}/{each['name']}"
            kind = each["metadata"]["file_type"]
            if kind == "directory" and path not in _HIDDEN:
                found |= self.files(path)
            elif kind == "file":
                found[path] = self.fs.read_file(path)
        return found

    def keep(self) -> None:
        """Remember what has changed, as far as there is room."""
        now = self.files("/")
        changed: dict[str, str | None] = dict.fromkeys(self._before.keys() - now.keys())
        room = _MOST_KEPT - sum(len(text) for text in self._written.values() if text)
        for path, content in now.items():
            if self._before.get(path) != content and len(content) <= room:
                changed[path] = content.decode("latin-1")
                room -= len(content)
        self._before = now
        self._written.update(changed)
        if changed:
            self.kept(changed)
        self._run.sweep(self.fs)
        for _, path, size in self._run.trace.disk[self._disk :]:
            self._sizes[path] = size
        self._disk = len(self._run.trace.disk)
        for path in [path for path, size in self._sizes.items() if size and path not in now]:
            self._sizes[path] = 0
