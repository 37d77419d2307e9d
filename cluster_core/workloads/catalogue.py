"""The well-known images and programs, read once from images.yaml and programs.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
_HUB = "docker.io/library/"
_SERVER_STOP = (0, 0.3)


@dataclass(frozen=True, slots=True)
class Program:
    """What a program does as a container's main process. memory in MiB, cpu in thousandths, start in seconds."""

    name: str = "app"
    kind: str = "server"
    ports: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    """Where it takes datagrams besides."""
    stop: tuple[int, float] | None = _SERVER_STOP
    start: float = 0.0
    needs: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    memory: int = 0
    cpu: int = 1
    ends: int = 0
    request: float = 0.3
    """Milliseconds of CPU that one request takes."""
    script: str = ""
    """What it does, in the shell's words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A well-known image. size in bytes; newest as (major, minor), None when any tag goes."""

    repository: str
    size: int
    does: str
    newest: tuple[int, int] | None = None
    shell: bool = True
    user: int = 0
    """As whom its processes run unless told otherwise."""


APP = Program()
"""What nobody knows: some server that listens wherever it is expected to."""


def _read(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.load((HERE / name).read_text(), Loader=yaml.CSafeLoader)
    return found


@lru_cache(1)
def images() -> dict[str, Entry]:
    """The well-known images by repository in full."""
    made = (_entry(name, repository, facts) for name, facts in _read("images.yaml").items() for repository in _places(name, facts))
    return {entry.repository: entry for entry in made}


def _places(name: str, facts: dict[str, Any]) -> list[str]:
    """The repositories that have the image."""
    at = facts.get("at", _HUB + name)
    return at if isinstance(at, list) else [at]


def _entry(name: str, repository: str, facts: dict[str, Any]) -> Entry:
    major, _, minor = str(facts.get("newest", "")).partition(".")
    newest = (int(major), int(minor or 0)) if major else None
    size = int(facts["size"]) * 1_000_000 + sum(map(ord, name)) * 1021
    return Entry(repository, size, facts["does"], newest, facts.get("shell", True), facts.get("user", 0))


@lru_cache(1)
def programs() -> dict[str, Program]:
    """What programs do, by name."""
    return {name: _program(name, facts) for name, facts in _read("programs.yaml").items()}


def _program(name: str, facts: dict[str, Any]) -> Program:
    stop = facts.get("stop", _SERVER_STOP)
    plain: dict[str, Any] = {key: facts[key] for key in ("start", "memory", "cpu", "ends", "request", "script") if key in facts}
    lists: dict[str, Any] = {key: tuple(facts[key]) for key in ("ports", "needs", "fails", "log") if key in facts}
    return Program(name, facts["kind"], stop=(stop[0], float(stop[1])) if stop else None, **lists, **plain)
