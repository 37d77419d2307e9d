"""What a container answers to probes and hooks. Models pkg/kubelet/prober and pkg/probe: the outputs are theirs.

The answer comes with the time at which it may change, so that nobody has to ask again before.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch, ProbeResult
from cluster_core.machinery.typed import Obj
from cluster_core.machinery.welcome import ROOTS
from cluster_core.workloads import grpchealth
from cluster_core.workloads.asking import Questions, Record, Tool
from cluster_core.workloads.catalogue import Program
from cluster_core.workloads.imagefiles import image_files
from cluster_core.workloads.process import Process, job_of, lacks_variables
from cluster_core.workloads.shell import Run

Execute = Callable[[list[str]], tuple[int, str, str]]

_LOOKS = 20
"""How many pauses of an endless script are looked at for a change."""


def answer(
    launch: Launch, process: Process, probe: Obj, started: int, run: Execute | None = None
) -> ProbeResult:
    """What the container, started at that time, answers now (launch.now); `run` executes commands in it."""
    if "exec" in probe:
        return _exec(launch, process, probe, started, run or partial(execute, launch, process, started=started))
    for key, check in (("httpGet", _http), ("tcpSocket", _tcp), ("grpc", _grpc)):
        if key in probe:
            return check(launch, process, probe, started)
    return ProbeResult(True)


# ------------------------------------------------------------------------------------------------ network probes


def _port(launch: Launch, port: Any) -> int:
    if isinstance(port, int):
        return port
    if str(port).isdigit():
        return int(port)
    named = {each.get("name"): each["containerPort"] for each in launch.container.get("ports", ())}
    return int(named.get(port, 0))


def listens(process: Process, launch: Launch, port: int) -> bool:
    """Whether the program listens there once it is up. Programs nobody knows listen wherever one looks."""
    program = process.program
    if process.plan.kind == "script" and not (process.trace and process.trace.serves):
        return False
    if program.name.startswith("agnhost "):
        return port in program.ports
    if program.name == "app" or not program.ports:
        return (program.kind == "server" and program.name in ("app", "python")) or _declares(launch, port)
    return port in program.ports or _configured(launch) or _declares(launch, port)


def _declares(launch: Launch, port: int) -> bool:
    return any(each["containerPort"] == port for each in launch.container.get("ports", ()))


def _configured(launch: Launch) -> bool:
    """Own configuration or arguments may make it listen elsewhere."""
    mounts = launch.container.get("volumeMounts", ())
    own = [each for each in mounts if "conf" in each["mountPath"] or each["mountPath"].startswith("/etc/nginx")]
    return bool(own or launch.container.get("args"))


def _connect(launch: Launch, process: Process, host: str, port: int, started: int) -> tuple[str, float | None]:
    """("", when it may change) when the connection is made, else (why not, when)."""
    program = process.program
    where = f"{host or launch.pod.get('status', {}).get('podIP', '')}:{port}"
    refused = f"dial tcp {where}: connect: connection refused"
    up = started + round(program.start * SECOND)
    if launch.now < up:
        return refused, (up - launch.now) / SECOND
    if lacks_variables(program, launch) or not listens(process, launch, port):
        return refused, None
    return "", None


def _http(launch: Launch, process: Process, probe: Obj, started: int) -> ProbeResult:
    get = probe["httpGet"]
    port = _port(launch, get["port"])
    problem, again = _connect(launch, process, get.get("host", ""), port, started)
    host = get.get("host") or launch.pod.get("status", {}).get("podIP", "")
    path = "/" + str(get.get("path", "/")).lstrip("/")
    if problem:
        scheme = str(get.get("scheme", "HTTP")).lower()
        return ProbeResult(False, f'Get "{scheme}://{host}:{port}{path}": {problem}', again)
    status, change = status_of(launch, process.program, path, started)
    if 200 <= status < 400:
        return ProbeResult(True, "", change)
    return ProbeResult(False, f"HTTP probe failed with statuscode: {status}", change)


def _has_file(launch: Launch, path: str) -> bool:
    """Whether the container has the file, or is asked for a directory."""
    if path.endswith("/") or path in launch.files_now():
        return True
    return path in image_files(launch.container["image"]) and path not in launch.gone()


_WELCOME = ("/", "/index.html", "/50x.html")


def status_of(launch: Launch, program: Program, path: str, started: int) -> tuple[int, float | None]:
    """The HTTP status for a path, and in how many seconds that may change."""
    if program.name in ("agnhost liveness", "liveness"):
        age = (launch.now - started) / SECOND
        return (200, 10.0 - age) if age < 10 else (500, None)
    if program.name == "agnhost test-webserver":
        return (200 if _has_file(launch, path.partition("?")[0]) else 404), None
    root = ROOTS.get(program.name)
    if root is None or _configured(launch):
        return 200, None
    plain = path.partition("?")[0]
    wanted = root + plain + ("index.html" if plain.endswith("/") else "")
    there = wanted in launch.files_now() or (plain in _WELCOME and wanted not in launch.gone())
    return (200 if there else 404), None


def _tcp(launch: Launch, process: Process, probe: Obj, started: int) -> ProbeResult:
    socket = probe["tcpSocket"]
    problem, again = _connect(launch, process, socket.get("host", ""), _port(launch, socket["port"]), started)
    return ProbeResult(not problem, problem, again)


def _grpc(launch: Launch, process: Process, probe: Obj, started: int) -> ProbeResult:
    port = int(probe["grpc"]["port"])
    problem, again = _connect(launch, process, "", port, started)
    if not problem and grpchealth.speaks(process, port):
        return grpchealth.check(launch, process, probe["grpc"].get("service", ""), started)
    where = f"{launch.pod.get('status', {}).get('podIP', '')}:{port}"
    text = f'timeout: failed to connect service "{where}" within {probe.get("timeoutSeconds", 1)}s: context deadline exceeded'
    return ProbeResult(False, text, again)


# ------------------------------------------------------------------------------------------------ commands


def _exec(
    launch: Launch, process: Process, probe: Obj, started: int, run: Execute
) -> ProbeResult:
    program = process.program
    up = started + round(program.start * SECOND)
    if process.trace is None and launch.now < up:
        return ProbeResult(False, "command terminated with exit code 1", (up - launch.now) / SECOND)
    code, out, err = run(probe["exec"]["command"])
    if code == 127 and process.trace is None and program.name == "app":
        code = 0
    return ProbeResult(code == 0, (out + err).rstrip("\n"), _next_pause(launch, process, started))


def execute(launch: Launch, process: Process, command: list[str], started: int) -> tuple[int, str, str]:
    """Run a command in the container as it is now: exit code, stdout, stderr."""
    return enter(launch, process, started).execute(command)


def enter(
    launch: Launch, process: Process, started: int, tools: Mapping[str, Tool] | None = None, record: Record | None = None
) -> Run:
    """The container as it is now, ready for commands. Its own script is gone through again before, with the answers of the
    network it has had."""
    elapsed = (launch.now - started) / SECOND
    job = job_of(launch._replace(now=started), process.plan)
    job.horizon = job.follow = elapsed
    job.questions = questions = Questions(record or Record(), tools or {})
    run = Run(job)
    if process.plan.kind == "script":
        run.run()
    run.pass_to(elapsed)
    questions.now_for_real()
    return run


def _next_pause(launch: Launch, process: Process, started: int) -> float | None:
    """Seconds until the script goes on and may change something."""
    trace = process.trace
    if trace is None:
        return None
    elapsed = (launch.now - started) / SECOND
    index = bisect.bisect_right(trace.pauses, elapsed)
    if index >= len(trace.pauses) or (trace.ends is None and index >= _LOOKS):
        return None
    return trace.pauses[index] - elapsed
