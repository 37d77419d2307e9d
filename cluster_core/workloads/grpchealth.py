"""What a container answers to the gRPC health protocol, by service name. Models pkg/probe/grpc: the outputs are its.

agnhost's grpc-health-checking answers as its flags say, etcd as a server of the protocol does; programs known to speak
something else never get so far as a connection; what nobody knows is healthy wherever it listens.
"""

from __future__ import annotations

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch, ProbeResult
from cluster_core.workloads.agnhost import flag
from cluster_core.workloads.process import Process

_HEALTHY = ProbeResult(True, "service healthy")
_UNKNOWN = "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
_CHECKER = "agnhost grpc-health-checking"
_USUAL_PORT = 5000


def speaks(process: Process, port: int) -> bool:
    """Whether gRPC is spoken on a port where the program listens."""
    program = process.program
    if program.name == _CHECKER:
        return port == int(flag(list(process.plan.argv), "--port") or _USUAL_PORT)
    return program.name == "etcd" or port not in program.ports


def check(launch: Launch, process: Process, service: str, started: int) -> ProbeResult:
    """The answer about a service now; "" is the server as a whole."""
    name = process.program.name
    if name == "etcd":
        return ProbeResult(False, _UNKNOWN) if service else _HEALTHY
    return _checked(launch, list(process.plan.argv), service, started) if name == _CHECKER else _HEALTHY


def _checked(launch: Launch, words: list[str], service: str, started: int) -> ProbeResult:
    if service != flag(words, "--service"):
        return ProbeResult(False, _UNKNOWN)
    delay = int(flag(words, "--delay-unhealthy-sec") or -1)
    left = delay - (launch.now - started) / SECOND
    if delay < 0:
        return _HEALTHY
    return _HEALTHY._replace(again=left) if left > 0 else ProbeResult(False, 'service unhealthy (responded with "NOT_SERVING")')
