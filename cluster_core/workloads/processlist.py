"""ps: the container's main process and the command itself, as BusyBox and procps list them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bashkit import BuiltinContext

from cluster_core.machinery.identity import name_of

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


def ps(run: Run, context: BuiltinContext) -> str:
    words = "".join(context.argv).lstrip("-")
    own = " ".join(["ps", *context.argv])
    rows = [(1, " ".join(run.job.main) or run.job.shell), (max(int(run.clock) % 30000 + 7, 7), own)]
    owner = name_of(run.job.identity.uid)
    if any(name in _image(run) for name in ("busybox", "alpine")):
        lines = [f"{pid:>5} {owner:<8}  0:00 {command}" for pid, command in rows]
        return "\n".join(["PID   USER     TIME  COMMAND", *lines, ""])
    if "u" in words:
        head, line = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND", _wide
    elif "f" in words:
        head, line = "UID          PID    PPID  C STIME TTY          TIME CMD", _full
    else:
        return "\n".join(["    PID TTY          TIME CMD", *(f"{pid:>7} ?        00:00:00 {_name(command)}" for pid, command in rows), ""])
    return "\n".join([head, *(line(run, owner, pid, command) for pid, command in rows), ""])


def _image(run: Run) -> str:
    return str(run.job.launch.container["image"]) if run.job.launch is not None else "busybox"


def _name(command: str) -> str:
    return command.split(" ")[0].rpartition("/")[2]


def _started(run: Run, pid: int) -> str:
    moment = _EPOCH + timedelta(microseconds=run.job.began + (0 if pid == 1 else round(run.clock * _SECOND)))
    return moment.strftime("%H:%M")


def _wide(run: Run, owner: str, pid: int, command: str) -> str:
    state = "Ss" if pid == 1 else "R"
    return f"{owner:<8} {pid:>7}  0.0  0.1   4624  3328 ?        {state:<4} {_started(run, pid)}   0:00 {command}"


def _full(run: Run, owner: str, pid: int, command: str) -> str:
    return f"{owner:<8} {pid:>7}       0  0 {_started(run, pid)} ?        00:00:00 {command}"
