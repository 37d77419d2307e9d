"""Scripts that really run: bash in this process, with the container's files and environment and a virtual clock.

`sleep` lets the script's own time pass, so a run of hours takes milliseconds; what the script writes is noted with the time
at which it did. A script that would go on for ever is followed for a while.
"""

from __future__ import annotations

import itertools
import math
import re
import shlex
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bashkit import Bash, BuiltinContext, BuiltinResult, FileSystem

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Added, Launch
from cluster_core.machinery.identity import ROOT, Identity
from cluster_core.workloads import builtins, spinning
from cluster_core.workloads.asking import Questions
from cluster_core.workloads.attributes import FROM_OBJECTS, Attributes, attributes, mount_of
from cluster_core.workloads.imagefiles import image_files
from cluster_core.workloads.kernelfiles import cgroup_files
from cluster_core.workloads.watching import Change, Watch

MOST_SLEEPS = 3000
ENDLESS_SLEEPS = 200
"""How many sleeps of a script are followed; fewer when it looks like a loop without end."""
MOST_FOLLOWED = 10_000
"""The same when somebody looks that late: hours of a loop that sleeps a second."""
MOST_COMMANDS, MOST_COMPUTED = 20_000, 90_000
"""How many commands are followed: of what looks like a loop without end, and of what will come to an end."""
MOST_OUTPUT = 256 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDLESS = ("while true", "while :", "while sleep", "while [ 1 ]", "while [[ 1", "while [ true", "for ((;;))", "for (( ; ; ))", "until ")


def is_endless(script: str) -> bool:
    """Whether it looks like a loop without end."""
    return any(mark in script for mark in _ENDLESS)


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
    follow: float = 0.0
    """Up to when (seconds) what it does is wanted, where that is further than one would look of oneself."""
    seed: int = 1
    commands: Mapping[str, Callable[[BuiltinContext], BuiltinResult | str]] = field(default_factory=dict)
    questions: Questions | None = None
    """The network; without one, names do not resolve."""
    namespace: str = "default"
    directories: Sequence[str] = ()
    """Where volumes are mounted."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further paths of directories that are there: path -> the directory."""
    keep: Sequence[str] = ()
    """Files and directories that are wanted afterwards."""
    watch: Sequence[str] = ()
    """Directories of which it is wanted when what was written there: mounted volumes."""
    launch: Launch | None = None
    """The container; None where there is none."""
    identity: Identity = ROOT
    read_only: bool = False
    """Whether nothing at all can be written."""
    changes: Sequence[tuple[int, Mapping[str, str | None]]] = ()
    """What others write while the script runs: (microseconds, path -> text, None: removed)."""
    main: Sequence[str] = ()
    """The command line of the container's main process."""
    shell: str = "sh"
    """What the shell was called as."""


@dataclass(slots=True)
class Trace:
    """What a script did: (seconds, is it stderr, text); when it ended (None: it did not) and with which code; when it slept."""

    output: list[tuple[float, bool, str]] = field(default_factory=list)
    ends: float | None = None
    exit_code: int = 0
    pauses: list[float] = field(default_factory=list)
    serves: str = ""
    """The server program that it became."""
    serving: tuple[str, ...] = ()
    """That program's command line."""
    says: str = ""
    """What it has been given to say."""
    handles_term: bool = False
    spins: list[float] = field(default_factory=list)
    """Since when (seconds) each of its processes that never pause computes."""
    known: float = math.inf
    """Up to when (seconds) it is known what it does; for ever when it has ended or will do nothing any more."""
    asks: float | None = None
    """When (seconds) it asks the network something that it has no answer to yet."""
    files: dict[str, str] = field(default_factory=dict)
    left: Sequence[Change] = ()
    """What was written into volumes."""
    disk: list[tuple[float, str, int]] = field(default_factory=list)
    """Large files made (seconds, path, bytes) and removed (0 bytes)."""

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
        self.is_past = True
        """Whether the container's own script is gone through; afterwards people type."""
        self._written = 0
        self._sleeps = 0
        self._most, most = (ENDLESS_SLEEPS, MOST_COMMANDS) if is_endless(job.script) else (MOST_SLEEPS, MOST_COMPUTED)
        most = MOST_COMPUTED if job.follow else most
        # A proxy: the interpreter would otherwise keep itself and its open files alive for ever, unseen by the collector.
        me = weakref.proxy(self)
        asking = job.questions.commands(me) if job.questions else {}
        commands = builtins.with_servers(me, {**builtins.commands(me), **asking, **job.commands})
        environment = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **job.environment}
        self.bash = Bash(
            username="root",
            hostname=job.hostname,
            cwd="/",
            env=environment,
            files={**_base_files(job), **{path: text for path, text in job.files.items() if text.isascii()}},
            custom_builtins=commands,
            max_commands=most,
            max_loop_iterations=most,
            python="python" in job.script,
            readonly_filesystem=job.read_only,
        )
        self._attributes: dict[str, Attributes] = {}
        self._pending = list(job.changes)
        self._watch = Watch((), self.bash.fs())
        if not job.read_only:
            self._furnish(self.bash.fs())
            self._watch = Watch(job.watch, self.bash.fs())

    def _furnish(self, fs: FileSystem) -> None:
        """Make the directories where volumes are mounted, and give files the modes the kubelet has set."""
        for path, text in self.job.files.items():
            if not text.isascii():
                _put(fs, path, text)
        self._pass_on(fs)
        for path in (*_USUAL, *self.job.directories):
            _make(fs, path)
        for path, target in self.job.aliases.items():
            _make(fs, target)
            _make(fs, path.rpartition("/")[0])
            fs.symlink(target, path)
        if self.job.launch is not None:
            self._set_modes(fs, self.job.launch)

    def _set_modes(self, fs: FileSystem, launch: Launch) -> None:
        self._attributes = dict(attributes(launch))
        for path, found in self._attributes.items():
            if fs.exists(path):
                self.bash.chmod(path, found.mode & 0o777)

    # ------------------------------------------------------------------------------------------------ files

    def special_bits(self, path: str) -> int:
        """setuid and its like, which the file system of the sandbox does not keep."""
        found = self._attributes.get(path)
        return found.mode & ~0o777 if found else 0

    def owner_of(self, path: str) -> tuple[int, int]:
        """(uid, gid): of mounted files as the kubelet has set them, of new ones the process', in a directory with a group of
        its own that group."""
        found = self._attributes.get(path)
        if found is not None:
            return found.uid or 0, found.gid or 0
        parent = self._attributes.get(path.rpartition("/")[0])
        gid = parent.gid if parent is not None and parent.mode & 0o2000 and parent.gid is not None else self.job.identity.gid
        return self.job.identity.uid, gid

    def is_read_only(self, path: str) -> bool:
        """Whether the path lies in a volume that is mounted read-only."""
        found = mount_of(self.job.launch, path) if self.job.launch is not None else None
        return found is not None and (found.read_only or found.source in FROM_OBJECTS)

    # ------------------------------------------------------------------------------------------------ time and output

    def now(self) -> int:
        """The script's time in microseconds since the epoch."""
        return self.job.began + round(self.clock * SECOND)

    def moment(self, layout: str) -> str:
        """The script's time, as strftime prints it."""
        return (_EPOCH + timedelta(microseconds=self.now())).strftime(layout)

    def say(self, text: str, error: str = "") -> None:
        """What a program that takes its time says: noted at once, not when it ends."""
        self._hear(text, error)

    def await_change(self, fs: FileSystem) -> bool:
        """Let time pass to when others write the next thing; False when nobody will, or nobody looks that far."""
        if not self._pending or self.stopped:
            return False
        self.clock = max(self.clock, (self._pending[0][0] - self.job.began) / SECOND)
        if self.job.horizon is not None and self.clock > self.job.horizon:
            return False
        self._pass_on(fs)
        return True

    def stop(self) -> None:
        """Look no further."""
        self.stopped = True
        self.bash.cancel()

    def serve(self, argv: Sequence[str], says: str = "") -> None:
        """It has become a server in the foreground: the script waits for it for ever."""
        self.trace.serves, self.trace.serving, self.trace.says = argv[0], tuple(argv), says
        self.stop()

    def pass_to(self, clock: float) -> None:
        """Let the script's time be so many seconds, from outside: whoever runs something from now on is there himself."""
        self.is_past = False
        self.clock = clock
        self._pass_on(self.bash.fs())

    def _pass_on(self, fs: FileSystem) -> None:
        """Write what others have written by now."""
        while self._pending and self._pending[0][0] <= self.now():
            written = self._pending.pop(0)[1]
            for path, text in written.items():
                _put(fs, path, text)
            self._watch.learn(written)

    def occupy(self, path: str, size: int) -> None:
        """A file of this size is on disk now; 0: it is no longer there."""
        self.trace.disk.append((self.clock, path, size))

    def sweep(self, fs: FileSystem) -> None:
        """Take note of large files that are no longer in the file system."""
        sizes = {path: size for _, path, size in self.trace.disk}
        for path, size in sizes.items():
            if size and not fs.exists(path):
                self.occupy(path, 0)

    def sleep(self, seconds: float, fs: FileSystem) -> None:
        """A command of the script lets time pass; `fs` as that command has it."""
        self.sweep(fs)
        self._watch.pause(self.clock, fs)
        self.clock += seconds
        self._pass_on(fs)
        self._sleeps += 1
        horizon = self.job.horizon
        self.trace.pauses.append(self.clock)
        if self._sleeps > self._most and self.clock > self.job.follow:
            self.trace.known = self.clock
            self.stop()
        elif self._sleeps > MOST_FOLLOWED or (horizon is not None and self.clock > horizon):
            self.stop()

    def await_answer(self) -> None:
        """The network has not answered yet: this is how far the script has come."""
        self.trace.asks = self.clock
        self.stop()

    def answered(self, at: float, fs: FileSystem) -> None:
        """The answer to a question has come; `fs` as the command that asked has it."""
        self._watch.pause(self.clock, fs)
        self.clock = max(self.clock, at)
        self._pass_on(fs)
        self._sleeps = 0
        if self.job.horizon is not None and self.clock > self.job.horizon:
            self.stop()

    def _hear(self, out: str, err: str) -> None:
        if self.stopped:
            return
        for is_error, text in ((False, out), (True, spinning.heard(self, err))):
            if text:
                self._written += len(text)
                self.trace.output.append((self.clock, is_error, said(text, self.job)))
        if self._written > 2 * MOST_OUTPUT:
            self._rotate()

    def _rotate(self) -> None:
        """Of much output the last part is kept."""
        output, first = self.trace.output, 0
        while self._written > MOST_OUTPUT and first < len(output) - 1:
            self._written -= len(output[first][2])
            first += 1
        del output[:first]

    def run(self) -> Trace:
        """Follow the script to its end or as far as anybody looks."""
        prologue = f"RANDOM={self.job.seed & 32767}; "
        if self.job.positional:
            prologue += f"set -- {shlex.join(self.job.positional)}; "
        result = self.bash.execute_sync(prologue + spinning.prepared(self.job.script), on_output=self._hear)
        self.bash.clear_cancel()
        endless = self.stopped or spinning.ended(self, result.error or "")
        if not endless:
            self.trace.ends, self.trace.exit_code = self.clock, result.exit_code
        self.sweep(self.bash.fs())
        self._watch.look(self.clock, self.bash.fs())
        self.trace.left = self._watch.changes
        self.trace.files = {name: text for place in (*self.job.keep, *self._served()) for name, text in self._files_under(place)}
        return self.trace

    def execute(self, argv: Sequence[str]) -> tuple[int, str, str]:
        """Run one more command in the state the script has left: exit code, stdout, stderr."""
        self.stopped = False
        result = self.bash.execute_sync(shlex.join(argv))
        return result.exit_code, result.stdout, result.stderr

    def _served(self) -> list[str]:
        """The directory of which BusyBox' httpd shows files: httpd -h /www."""
        return [word for before, word in itertools.pairwise(self.trace.serving) if before == "-h"]

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


_USUAL = ("/mnt", "/opt", "/srv", "/usr/local/bin", "/usr/share", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp")
"""Directories that every image has."""


_READ_ONLY = re.compile(r"^bash: line \d+: (\S+): filesystem is read-only$", re.MULTILINE)
_ASH = ("busybox", "alpine")
"""Images whose shell is BusyBox'."""


def said(text: str, job: Job) -> str:
    """The shell's complaints in the words of the container's own shell."""
    if "filesystem is read-only" in text:
        small = job.launch is not None and any(name in job.launch.container["image"] for name in _ASH)
        text = _READ_ONLY.sub(rf"{job.shell}: can't create \1: Read-only file system" if small else rf"{job.shell}: \1: Read-only file system", text)
        text = text.replace("filesystem is read-only", "Read-only file system")
    return text.replace("bash: line ", "sh: line ")


def _make(fs: FileSystem, path: str) -> None:
    """Make a directory with those above it, where it is missing."""
    if path and not fs.exists(path):
        fs.mkdir(path, True)


def _put(fs: FileSystem, path: str, text: str | None) -> None:
    """Write a file, or remove it."""
    if text is None:
        if fs.exists(path):
            fs.remove(path)
        return
    if isinstance(text, Added) and fs.exists(path):
        fs.append_file(path, text.encode("utf-8", "surrogateescape"))
        return
    _make(fs, path.rpartition("/")[0])
    fs.write_file(path, text.encode("utf-8", "surrogateescape"))


def _base_files(job: Job) -> dict[str, str]:
    if job.launch is not None:
        return {**_usual_files(job), **cgroup_files(job.launch), **image_files(job.launch.container["image"])}
    return _usual_files(job)


def _usual_files(job: Job) -> dict[str, str]:
    return {
        "/etc/hostname": job.hostname + "\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n{job.address}\t{job.hostname}\n",
        "/etc/resolv.conf": builtins.resolv_conf(job.namespace),
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    }
