"""Scripts that compute without end: loops that never pause, and commands that read or write devices which never end.

What a script does takes it no time, so such a thing cannot be let run: it is seen, and from then on it takes a whole cpu.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bashkit import BuiltinContext, BuiltinResult

if TYPE_CHECKING:
    from cluster_core.workloads.builtins import Command
    from cluster_core.workloads.shell import Run

SPIN = "__spin"
"""The command that stands for one of those in a script that was prepared."""
_BEHIND = "behind"
_PIPELINE = re.compile(
    r"(?P<lead>^|[;&({\n]|\bdo\b|\bthen\b)(?P<space>[ \t]*)"
    r"(?P<text>(?:yes|cat|dd|sha\d+sum|md5sum|gzip|bzip2|openssl)\b(?:>&\d?|&>|[^;&\n(){}])*)(?P<behind>&(?!&))?"
)
_NEVER_ENDING = re.compile(r"/dev/(?:zero|urandom|random)\b")
_ENDING = re.compile(r"\bcount=|\bhead\b|\bof=(?!/dev/null)")
_EXCEEDED = re.compile(r"resource limit exceeded|session command limit exceeded")
"""How the shell says that it follows no further."""
_BUSY = 100
"""A script that pauses more often than so many times before it has done more than anybody follows does not spin."""


def prepared(script: str) -> str:
    """The script, with commands that would never end by a name of their own."""
    return _PIPELINE.sub(_replaced, script)


def _replaced(match: re.Match[str]) -> str:
    text = match["text"]
    if not _is_endless(text):
        return match[0]
    return f"{match['lead']}{match['space']}{SPIN} {_BEHIND}; " if match["behind"] else f"{match['lead']}{match['space']}{SPIN}"


def _is_endless(pipeline: str) -> bool:
    if pipeline.split()[0] == "yes":
        return "|" not in pipeline
    if pipeline.startswith("openssl"):
        return pipeline.split()[1:2] == ["speed"]
    return bool(_NEVER_ENDING.search(pipeline)) and not _ENDING.search(pipeline)


def commands(run: Run) -> dict[str, Command]:
    """The commands of one run."""
    return {SPIN: lambda context: _spin(run, context), "wait": lambda context: _wait(run)}


def _spin(run: Run, context: BuiltinContext) -> BuiltinResult:
    run.trace.spins.append(run.clock)
    if list(context.argv) != [_BEHIND]:
        run.stop()
    return BuiltinResult("", "", 0)


def _wait(run: Run) -> BuiltinResult:
    """For what never ends, for ever; everything else behind has ended already."""
    if run.trace.spins:
        run.stop()
    return BuiltinResult("", "", 0)


def heard(run: Run, err: str) -> str:
    """What the script has written to stderr, without the shell's own words about a loop behind that never ends."""
    if not _EXCEEDED.search(err):
        return err
    lines = err.splitlines(keepends=True)
    told = [line for line in lines if _EXCEEDED.search(line)]
    run.trace.spins.extend([run.clock] * len(told))
    return "".join(line for line in lines if not _EXCEEDED.search(line))


def ended(run: Run, error: str) -> bool:
    """Whether the shell has given up because the script goes on and on; when it does so without a pause, it spins."""
    if not _EXCEEDED.search(error):
        return False
    if len(run.trace.pauses) < _BUSY:
        run.trace.spins.append(run.clock)
    return True
