"""What the programs ask for that exist to use up a machine: stress, stress-ng and vish/stress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster_core.machinery import quantity

_CORE = 1000
_HANGING = 50
"""Thousandths of a cpu of a worker that mostly sleeps."""
_VALUED = {
    "--cpu": "cpu", "-c": "cpu", "--cpu-load": "load", "-l": "load", "--io": "io", "-i": "io", "--vm": "vm", "-m": "vm",
    "--vm-bytes": "bytes", "--vm-hang": "hang", "--timeout": "timeout", "-t": "timeout", "--matrix": "cpu",
    "-cpus": "cpu", "--cpus": "cpu", "-mem-total": "total", "--mem-total": "total",
}  # fmt: skip


class Needs(NamedTuple):
    """Thousandths of a cpu, bytes, and after how many seconds it ends; None: never."""

    cpu: int
    memory: int
    seconds: float | None


def needs(argv: Sequence[str]) -> Needs:
    """What a command line, with the program's name in front, asks for."""
    given = _options(argv[1:])
    workers = _whole(given.get("vm", "0"))
    each = _HANGING if "hang" in given else _CORE
    cpu = _whole(given.get("cpu", "0")) * _CORE * _whole(given.get("load", "100")) // 100
    memory = workers * _bytes(given.get("bytes", "256M"))
    if "total" in given:
        memory += _quantity(given["total"])
    return Needs(cpu + workers * each + _whole(given.get("io", "0")) * _HANGING * 4 or 1, memory, _seconds(given.get("timeout", "")))


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _VALUED:
            found[_VALUED[name]] = value if equals else next(rest, "")
    return found


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _seconds(text: str) -> float | None:
    scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:], 0)
    number = text[:-1] if scale else text
    return float(number) * (scale or 1) or None if number.replace(".", "", 1).isdigit() else None


def _bytes(text: str) -> int:
    scale = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "B": 1}.get(text[-1:].upper(), 0)
    number = text[:-1] if scale else text
    return int(float(number) * (scale or 1)) if number.replace(".", "", 1).isdigit() else 0


def _quantity(text: str) -> int:
    try:
        return quantity.value(text)
    except quantity.QuantityError:
        return 0
