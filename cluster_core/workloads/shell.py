"""Scripts that really run: bash in this process, with the container's files and environment and a virtual clock.

`sleep` lets the script's own time pass, so a run of hours takes milliseconds; what the script writes is noted with the time
at which it did. A script that would go on for ever is followed for a while.
"""

from __future__ import annotations

import shlex
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bashkit import Bash, BuiltinContext, BuiltinResult

from cluster_core.machinery.clock import SECOND
from cluster_core.workloads import builtins

MOST_SLEEPS = 3000
ENDLESS_SLEEPS = 200
"""How many sleeps of a script are followed; fewer when it looks like a loop without end."""
MOST_COMMANDS = 20_000
MOST_OUTPUT = 256 * 1024
_ENDLESS = ("while true", "while :", "while sleep", "while [ 1 ]", "while [[ 1", "while [ true", "for ((;;))", "for (( ; ; ))", "until ")


@dataclass(slots=True)
class Job:
    """A script to run: started at `began` (microseconds); horizon: seconds after which nobody looks."""

    script: str
    environment: Mapping[str, str]
    files: Mapping[str, str]
    hostname: str
    began: int
    positional: Sequence[str] = ()
    address: str = ""
    horizon: float | None = None
    seed: int = 1
    commands: Mapping[str, Callable[[BuiltinContext], BuiltinResult | str]] = field(default_factory=dict)
    namespace: str = "default"
    directories: Sequence[str] = ()
    """Where volumes are mounted."""
    keep: Sequence[str] = ()
    """Directories whose files are wanted afterwards: of mounted volumes."""


@dataclass(slots=True)
class Trace:
    """What a script did: (seconds, is it stderr, text); when it ended (None: it did not) and with which code; when it slept."""

    output: list[tuple[float, bool, str]] = field(default_factory=list)
    ends: float | None = None
    exit_code: int = 0
    pauses: list[float] = field(default_factory=list)
    serves: str = ""
    """The server program that it became."""
    handles_term: bool = False
    files: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(text for _, _, text in self.output)


class Run:
    """One execution."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.trace = Trace(handles_term="trap " in job.script and ("TERM" in job.script or "EXIT" in job.script))
        self.clock = 0.0
        self.stopped = False
        self._written = 0
        self._sleeps = 0
        endless = any(mark in job.script for mark in _ENDLESS)
        self._most = ENDLESS_SLEEPS if endless else MOST_SLEEPS
        # A proxy: the interpreter would otherwise keep itself and its open files alive for ever, unseen by the collector.
        commands = {**builtins.commands(weakref.proxy(self)), **job.commands}
        environment = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **job.environment}
        self.bash = Bash(
            username="root",
            hostname=job.hostname,
            cwd="/",
            env=environment,
            files={**_base_files(job), **job.files},
            custom_builtins=commands,
            max_commands=MOST_COMMANDS,
            max_loop_iterations=MOST_COMMANDS,
            python="python" in job.script,
        )

        for path in job.directories:
            if not self.bash.exists(path):
                self.bash.mkdir(path, recursive=True)

    def now(self) -> int:
        """The script's time in microseconds since the epoch."""
        return self.job.began + round(self.clock * SECOND)

    def stop(self) -> None:
        """Look no further."""
        self.stopped = True
        self.bash.cancel()

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        self._sleeps += 1
        horizon = self.job.horizon
        self.trace.pauses.append(self.clock)
        if self._sleeps > self._most or (horizon is not None and self.clock > horizon):
            self.stop()

    def _hear(self, out: str, err: str) -> None:
        if self.stopped:
            return
        for is_error, text in ((False, out), (True, err)):
            if text and self._written < MOST_OUTPUT:
                self._written += len(text)
                self.trace.output.append((self.clock, is_error, text.replace("bash: line ", "sh: line ")))

    def run(self) -> Trace:
        """Follow the script to its end or as far as anybody looks."""
        prologue = f"RANDOM={self.job.seed & 32767}; "
        if self.job.positional:
            prologue += f"set -- {shlex.join(self.job.positional)}; "
        result = self.bash.execute_sync(prologue + self.job.script, on_output=self._hear)
        self.bash.clear_cancel()
        endless = self.stopped or "resource limit" in (result.error or "")
        if not endless:
            self.trace.ends, self.trace.exit_code = self.clock, result.exit_code
        self.trace.files = {name: text for place in self.job.keep for name, text in self._files_under(place)}
        return self.trace

    def execute(self, argv: Sequence[str]) -> tuple[int, str, str]:
        """Run one more command in the state the script has left: exit code, stdout, stderr."""
        self.stopped = False
        result = self.bash.execute_sync(shlex.join(argv))
        return result.exit_code, result.stdout, result.stderr

    def _files_under(self, place: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if not self.bash.exists(place):
            return found
        if self.bash.stat(place)["file_type"] != "directory":
            return [(place, str(self.bash.read_file(place)))]
        for each in self.bash.read_dir(place):
            path = f"{place.rstrip('/')}/{each['name']}"
            if each["metadata"]["file_type"] == "directory":
                found += self._files_under(path)
            else:
                found.append((path, str(self.bash.read_file(path))))
        return found


def _base_files(job: Job) -> dict[str, str]:
    return {
        "/etc/hostname": job.hostname + "\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n{job.address}\t{job.hostname}\n",
        "/etc/resolv.conf": builtins.resolv_conf(job.namespace),
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    }
