"""Which ports a container's program has open: those it is built for, or is told to open by arguments, variables or files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch
from cluster_core.workloads.process import Process, lacks_variables

_FLAGS = ("--port", "-port", "--listen", "-listen", "--http-port", "--listen-address", "--web.listen-address", "--addr")
_BESIDES = ("--validating-webhook",)
"""Flags of ports that are open besides the program's usual ones."""
_ENTRY_POINT = re.compile(r"--entrypoints\.[\w-]+\.address", re.IGNORECASE)
_LISTEN = re.compile(r"^\s*listen\s+(?:[\w.*\[\]]*:)?(\d+)", re.MULTILINE | re.IGNORECASE)
_BY_VARIABLE = frozenset(("hello-app", "go-server", "node-server", "app"))
"""Programs that take their port from the variable PORT."""
_UDP = frozenset((53,))


def is_open(launch: Launch, process: Process, started: int, port: int, protocol: str) -> bool:
    """Whether the port is open now in the container that was started at that time."""
    program = process.program
    if launch.now < started + round(program.start * SECOND) or lacks_variables(program, launch):
        return False
    if process.plan.kind == "script" and not (process.trace and process.trace.serves):
        return False
    if protocol == "UDP" and (program.ports or program.udp):
        return port in program.udp or (port in _UDP and port in open_ports(launch, process))
    found = open_ports(launch, process)
    return port in found if found else program.kind == "server" and program.name in ("app", "python")


def open_ports(launch: Launch, process: Process) -> tuple[int, ...]:
    """The ports, () when nobody can tell: then it listens wherever one looks."""
    program = process.program
    told = _told(launch, process)
    if told:
        return told
    if program.ports:
        return (*program.ports, *_of_flags(process.words, _BESIDES))
    return tuple(each["containerPort"] for each in launch.container.get("ports", ()))


def _told(launch: Launch, process: Process) -> tuple[int, ...]:
    """What configuration, arguments or variables say."""
    program = process.program
    if program.name.startswith("agnhost "):
        return program.ports
    if program.name == "nc":
        return program.ports
    if program.name in ("nginx", "nginx-unprivileged", "httpd"):
        return _of_files(launch) or _after(process.words, "-p")
    flagged = _of_words(process.words) if program.name == "tcp-echo" else _of_flags(process.words)
    if flagged:
        return flagged
    number = launch.environment.get("PORT", "") if program.name in _BY_VARIABLE else ""
    return (int(number),) if number.isdigit() else ()


def _of_flags(words: Sequence[str], flags: Sequence[str] = _FLAGS) -> tuple[int, ...]:
    """The ports after --port and its like; Traefik has one flag for each of its entry points."""
    found = []
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in flags or _ENTRY_POINT.fullmatch(name):
            text = value if equals else words[index + 1] if index + 1 < len(words) else ""
            number = text.rpartition(":")[2].partition("/")[0]
            found += [int(number)] if number.isdigit() else []
    return tuple(found)


def _after(words: Sequence[str], flag: str) -> tuple[int, ...]:
    """The port behind the flag: BusyBox' httpd -p 8080 or -p 0.0.0.0:8080."""
    found = [word.rpartition(":")[2] for before, word in itertools.pairwise(words) if before == flag]
    return tuple(int(number) for number in found[:1] if number.isdigit())


def _of_words(words: Sequence[str]) -> tuple[int, ...]:
    """The first argument: 9000,9001."""
    found = next((word for word in words if word.replace(",", "").isdigit()), "")
    return tuple(int(number) for number in found.split(",") if number)


def _of_files(launch: Launch) -> tuple[int, ...]:
    """`listen 8080;` of mounted configuration files."""
    texts = [text for path, text in launch.files.items() if path.startswith(("/etc/nginx", "/usr/local/apache2/conf"))]
    return tuple(sorted({int(number) for text in texts for number in _LISTEN.findall(text)}))
