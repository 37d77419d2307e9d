"""The form of log lines of Kubernetes' programs. Models k8s.io/klog: severity, time, thread, place in the source, text."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cluster_core.machines import flags
from cluster_core.simulation.kubeadm.manifests import VERSION
from cluster_core.workloads.logs import Line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = 1_000
MOST = 500
"""Lines of one program: of more the last ones are shown."""


class Run(NamedTuple):
    """A program at work: on which machine, from when until when (microseconds), as which process, with which command line;
    `mute`: what it says because it reaches nobody."""

    node: str
    began: int
    until: int
    pid: int = 1
    argv: Sequence[str] = ()
    mute: str = ""
    version: str = VERSION

    @property
    def options(self) -> flags.Flags:
        return flags.pairs(self.argv)

    @property
    def verbosity(self) -> int:
        value = self.options.get("v", "0")
        return int(value) if value.isdigit() else 0


class Log:
    """Gathers the lines of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lines: list[Line] = []

    def say(self, at: int, source: str, text: str, severity: str = "I", /, **pairs: Any) -> None:
        """A structured line."""
        values = "".join(f" {name}={quoted(value)}" for name, value in pairs.items())
        self.plain(at, source, f"{quoted(text)}{values}", severity)

    def plain(self, at: int, source: str, text: str, severity: str = "I") -> None:
        later = at + zlib.crc32(f"{source}{text}".encode()) % 900
        self._put(max(at, min(later, self.run.until)), source, text, severity)

    def _put(self, at: int, source: str, text: str, severity: str = "I") -> None:
        if self.run.began <= at <= self.run.until:
            self.lines.append(Line(at, f"{severity}{moment(at):%m%d %H:%M:%S.%f} {self.run.pid:>7} {source}] {text}", True))

    def start(self, lines: Iterable[tuple[int, str, str]], **values: str) -> None:
        """What it says when it starts: (milliseconds after that, place, text with values to be put in)."""
        for number, (after, source, text) in enumerate(lines):
            self._put(self.run.began + after * MILLISECOND + number * 37, source, text.format(**values) if values else text)


def prefixed(text: str, at: int, pid: int) -> str:
    """A last word as klog has it, where it is one of its lines."""
    return f"E{moment(at):%m%d %H:%M:%S.%f} {pid:>7} run.go:72] {text}" if text.startswith('"command failed"') else text


def moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def quoted(value: Any) -> str:
    """As Go's %q for text, as it is for the rest."""
    if not isinstance(value, str):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def bounded(lines: Iterable[Line], run: Run) -> list[Line]:
    """In order, within the run, not too many."""
    return sorted((line for line in lines if run.began <= line.at <= run.until), key=lambda line: line.at)[-MOST:]


def retries(began: int, until: int, longest: int, most: int = 8) -> list[int]:
    """When something is tried in vain: soon again, then every `longest` microseconds; the first times and the last ones."""
    found: list[int] = []
    at, wait = began, 800 * MILLISECOND
    while at <= until and len(found) < most:
        found.append(at)
        at, wait = at + wait, min(wait * 2, longest)
    if at <= until:
        last = until - (until - at) % longest
        found += [each for each in range(last - 3 * longest, last + 1, longest) if each >= at]
    return found
