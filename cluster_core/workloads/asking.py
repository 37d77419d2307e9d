"""What a container's own script asks the network, and how it goes on with the answers.

A script cannot be held in the middle: it is gone through again from its beginning with the answers it has had so far, up
to the first question whose time has not come. Then nothing happens, and nothing is computed, until it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from bashkit import BuiltinContext, BuiltinResult

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

Command = Callable[[BuiltinContext], BuiltinResult | str]
_AT_FULL_RATE = 120
_MUCH_TEXT = 32 * 1024
_MOST_ASKED, _MOST_TEXT = 2000, 128 * 1024
_STRETCH = 0.04
"""A loop that has asked for long waits this part of its age for each further answer, unless the network changes."""


class Work(NamedTuple):
    """What a request has cost: microseconds of CPU, taken by one of these containers (their lives), each as likely."""

    cpu: int
    lives: Callable[[], list[str]]


class Told(NamedTuple):
    """What a network command has told: its output, its exit code, the seconds it took, the files it has written by path,
    and what it has cost others."""

    out: str = ""
    err: str = ""
    code: int = 0
    seconds: float = 0.0
    files: Mapping[str, str] = {}
    work: Sequence[Work] = ()


Tool = Callable[[BuiltinContext], Told]


def _result(told: Told, context: BuiltinContext) -> BuiltinResult:
    for path, text in told.files.items():
        context.fs.write_file(path, text.encode())
    return BuiltinResult(told.out, told.err, told.code)


class Record:
    """All answers one run of a container has had. `told` are the different ones, `steps` (when, seconds since the start,
    and which): most loops hear the same again and again."""

    def __init__(self, saved: Any = None) -> None:
        saved = saved or {"told": [], "steps": []}
        self.told: list[list[Any]] = saved["told"]
        self.steps: list[list[Any]] = saved["steps"]

    def saved(self) -> Any:
        return {"told": self.told, "steps": self.steps}

    def note(self, at: float, told: Told) -> None:
        plain = [told.out, told.err, told.code, dict(told.files)]
        if plain not in self.told:
            self.told.append(plain)
        self.steps.append([at, self.told.index(plain)])

    @property
    def _size(self) -> int:
        return sum(len(out) + len(err) + sum(map(len, files.values())) for out, err, _, files in self.told)

    @property
    def is_full(self) -> bool:
        """Nobody follows the script any further."""
        return len(self.steps) >= _MOST_ASKED or self._size > _MOST_TEXT

    def patience(self, age: float) -> float:
        """Seconds the next answer may be late if nothing changes, so that a loop over days costs no more than one of hours:
        one without end goes on as a stream (`meter`), another one is told its answers beforehand."""
        return age * _STRETCH if len(self.steps) >= _AT_FULL_RATE or self._size > _MUCH_TEXT else 0.0


class Questions:
    """The network as one going-through of a script meets it: `until` is the present, None when nothing new may be asked.
    `ahead`: so many seconds later it may be asked as well, and answers as it would now."""

    def __init__(self, record: Record, tools: Mapping[str, Tool], until: float | None = None, ahead: float = 0.0) -> None:
        self._record, self._tools, self._until, self._ahead = record, tools, until, ahead
        self.heard: Told | None = None
        """The newest answer."""
        self._next = 0
        self._past = True

    def now_for_real(self) -> None:
        """The past has been gone through: whatever is asked from now on is asked by people, who have their answers at once."""
        self._past = False

    def commands(self, run: Run) -> dict[str, Command]:
        return {name: partial(self._ask, run, tool) for name, tool in self._tools.items()}

    def _ask(self, run: Run, tool: Tool, context: BuiltinContext) -> BuiltinResult:
        if not self._past:
            return _result(tool(context), context)
        if run.stopped:
            return BuiltinResult("", "", 1)
        if self._next == len(self._record.steps) and not self._note(run, tool, context):
            run.await_answer()
            return BuiltinResult("", "", 1)
        at, index = self._record.steps[self._next]
        self._next += 1
        run.answered(at, context.fs)
        out, err, code, files = self._record.told[index]
        return _result(Told(out, err, code, 0.0, files), context)

    def _note(self, run: Run, tool: Tool, context: BuiltinContext) -> bool:
        """Ask now, if the time has come."""
        if self._until is None or run.clock > self._until + self._ahead or self._record.is_full:
            return False
        self.heard = told = tool(context)
        self._record.note(round(max(self._until, run.clock) + told.seconds, 6), told)
        self._until = self._until if self._ahead or not told.seconds else None
        return True
