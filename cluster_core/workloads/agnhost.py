"""agnhost, the image of Kubernetes' own tests: one program with many faces, chosen by its first argument.

Its servers are programs like others; what prints something and ends is a command of the sandboxed shell: see agnhosttools.
"""

from __future__ import annotations

import shlex

from cluster_core.machinery.containers import Launch
from cluster_core.workloads.argv import Plan
from cluster_core.workloads.catalogue import Program

_SERVERS = {"netexec": (8080,), "serve-hostname": (9376,), "test-webserver": (80,), "liveness": (8080,), "guestbook": (80,), "nettest": (8080,),
            "dns-server-echo": (53,), "grpc-health-checking": (5000, 8080), "webhook": (443,),
            "crd-conversion-webhook": (443,), "connect": (), "porter": ()}  # fmt: skip
_PORT_FLAGS = ("--http-port", "--port", "--grpc-port")
_UDP_PORT = "8081"
"""Of netexec, unless told otherwise."""
_TCP_PORTER, _UDP_PORTER = ("SERVE_PORT_", "SERVE_TCP_PORT_", "SERVE_TLS_PORT_"), ("SERVE_UDP_PORT_",)
SCRIPTS = ("mounttest", "entrypoint-tester", "logs-generator", "dns-suffix", "dns-server-list", "etc-hosts", "help")
"""Faces that do something and end."""
_STOPPED = (2, 0.1)
"""How SIGTERM ends a Go program that does not wait for it."""


def refine(plan: Plan, launch: Launch) -> Plan:
    """The plan, when it is agnhost, of what its arguments say."""
    if plan.program.kind != "agnhost":
        return plan
    words = list(plan.argv[1:]) or ["pause"]
    name = words[0]
    if name in SCRIPTS:
        path = plan.argv[0] if plan.argv[0].startswith("/") else "/agnhost"
        return plan._replace(kind="script", script=shlex.join([path, *words]))
    if name in _SERVERS:
        return plan._replace(program=_server(name, words, launch))
    return plan._replace(program=Program(f"agnhost {name}", memory=5, stop=(0, 0.1), log=("Paused",) if name == "pause" else ()))


def _server(name: str, words: list[str], launch: Launch) -> Program:
    if name == "porter":
        ports, udp = _served(launch, _TCP_PORTER), _served(launch, _UDP_PORTER)
    else:
        ports, udp = _ports(words, _SERVERS[name]), _numbers([flag(words, "--udp-port") or _UDP_PORT]) if name == "netexec" else ()
    return Program(f"agnhost {name}", ports=ports, udp=udp, memory=5, stop=_STOPPED)


def _ports(words: list[str], usual: tuple[int, ...]) -> tuple[int, ...]:
    return _numbers([flag(words, name) for name in _PORT_FLAGS]) or usual


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts if text.isdigit() and int(text) > 0)


def _served(launch: Launch, prefixes: tuple[str, ...]) -> tuple[int, ...]:
    """The ports that porter's variables name."""
    return _numbers([name.removeprefix(prefix) for name in launch.environment for prefix in prefixes if name.startswith(prefix)])


def flag(words: list[str], *names: str) -> str:
    """The value of a flag, "" when it is not given."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else (words[index + 1] if index + 1 < len(words) else "")
    return ""
