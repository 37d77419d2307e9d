"""What a container has written: start-up lines of programs, whatever scripts printed, each with its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch
from cluster_core.workloads.catalogue import Program
from cluster_core.workloads.process import Process, lacks_variables

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUTS = {
    "slashed": "%Y/%m/%d %H:%M:%S",
    "spaced": "%Y-%m-%d %H:%M:%S.000",
    "mysql": "%Y-%m-%d %H:%M:%S",
    "apache": "%a %b %d %H:%M:%S.%f %Y",
    "redis": "%d %b %Y %H:%M:%S.000",
    "month": "%m%d %H:%M:%S.%f",
    "iso": "%Y-%m-%dT%H:%M:%S.000+00:00",
}


class Line(NamedTuple):
    """One line without its end; `at` in microseconds since the epoch."""

    at: int
    text: str
    is_error: bool = False


def lines(launch: Launch, process: Process, started: int, until: int) -> list[Line]:
    """Everything written from the start up to `until`."""
    found: list[Line] = []
    if process.trace is not None:
        found += _of_script(process, started)
    if process.trace is None or process.trace.serves:
        found += _of_program(launch, process.program, started)
    return [line for line in found if line.at <= until]


def _of_script(process: Process, started: int) -> list[Line]:
    assert process.trace is not None
    found: list[Line] = []
    rest: dict[bool, tuple[int, str]] = {}
    for number, (seconds, is_error, text) in enumerate(process.trace.output):
        at = started + round(seconds * SECOND) + number
        began, before = rest.get(is_error, (at, ""))
        *whole, left = (before + text).split("\n")
        found += [Line(began if index == 0 and before else at, each, is_error) for index, each in enumerate(whole)]
        rest[is_error] = (at, left)
    return [*found, *(Line(at, left, is_error) for is_error, (at, left) in rest.items() if left)]


def _of_program(launch: Launch, program: Program, started: int) -> list[Line]:
    fails = lacks_variables(program, launch)
    texts = program.fails if fails else program.log
    if not texts:
        return []
    address = launch.pod.get("status", {}).get("podIP", "")
    step = 0 if fails else round(program.start * SECOND) // len(texts)
    return [Line(at, _filled(text, at, address)) for text, at in ((t, started + step * i + i) for i, t in enumerate(texts))]


def _filled(text: str, at: int, address: str) -> str:
    moment = _EPOCH + timedelta(microseconds=at)
    return text.format(ip=address, **{name: moment.strftime(layout) for name, layout in _LAYOUTS.items()})
