"""What is handed in: read from files, directories and archives, and done to a cluster.

Manifests are applied as `kubectl apply` does it (`playground.api.apply`); commands are those of `commands`.
"""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import AsyncGenerator, Coroutine, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.simulation.cluster import Cluster
from playground.api.apply import apply as apply_text
from playground.engine.port import Duplex, EngineError, Stream

from .exercise import Answer
from .saying import Said

MANIFESTS = (".yaml", ".yml", ".json")
COMMANDS = ("commands.txt", "commands.sh")
MAX_FILES = 200
MAX_BYTES = 3 * 1024 * 1024
MAX_ARCHIVE = 20 * 1024 * 1024


_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError, OSError, ValueError
)  # fmt: skip
"""What zipfile raises for archives that are none, are damaged, encrypted or packed in ways nobody uses."""


class HandInError(ValueError):
    """What was handed in cannot be read."""


# ---------------------------------------------------------------------------------------------------- reading


def of_text(text: str, name: str = "manifests.yaml") -> Answer:
    return Answer(files={name: text})


def of_files(files: Mapping[str, str]) -> Answer:
    """The files of a directory: manifests, and a list of commands when there is one. Raises HandInError."""
    manifests = {path: text for path, text in sorted(files.items()) if path.endswith(MANIFESTS)}
    lists = [text for path, text in sorted(files.items()) if PurePosixPath(path).name in COMMANDS]
    if not manifests and not lists:
        raise HandInError(Said("no manifests (%(names)s) and no %(commands)s", names=", ".join("*" + end for end in MANIFESTS), commands=COMMANDS[0]))
    commands = [line.strip() for text in lists for line in text.splitlines()]
    commands = [line for line in commands if line and not line.startswith("#")]
    return Answer(files=manifests, commands=commands, form="commands" if lists else "directory")


def of_path(path: Path) -> Answer:
    """A file, a directory or a zip archive. Raises HandInError and OSError."""
    if path.suffix == ".zip":
        return of_files(unzip(path.read_bytes()))
    if path.is_dir():
        return of_files(_directory(path))
    if path.name in COMMANDS:
        return of_files({path.name: _text(path.read_bytes(), path.name)})
    return of_text(_text(path.read_bytes(), path.name), path.name)


def _directory(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or not _wanted(path.name):
            continue
        if len(found) >= MAX_FILES:
            raise HandInError(Said("more than %(most)s files", most=MAX_FILES))
        found[path.relative_to(root).as_posix()] = _text(path.read_bytes(), path.name)
    return found


def _wanted(name: str) -> bool:
    return not _is_litter(name) and (name.endswith(MANIFESTS) or PurePosixPath(name).name in COMMANDS)


def _is_litter(name: str) -> bool:
    """What macOS adds to archives."""
    path = PurePosixPath(name)
    return path.name.startswith(("._", ".DS_Store")) or "__MACOSX" in path.parts


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise HandInError(Said("%(name)s is larger than %(most)s bytes", name=name, most=MAX_BYTES))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HandInError(Said("%(name)s is not UTF-8", name=name)) from error


def unzip(data: bytes, *, most_files: int = MAX_FILES, most_bytes: int = MAX_ARCHIVE) -> dict[str, str]:
    """The texts in a zip archive, checked for size, count and paths before anything is unpacked. Raises HandInError."""
    if len(data) > most_bytes:
        raise HandInError(Said("the archive is larger than %(most)s bytes", most=most_bytes))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check_members(members, most_files, most_bytes)
            return {info.filename: _member(archive, info) for info in members if _wanted(info.filename)}
    except HandInError:
        raise
    except _BROKEN as error:
        raise HandInError(Said("not a readable zip archive: %(why)s", why=str(error))) from error


def names(data: bytes) -> list[str]:
    """The paths in a zip archive. Raises HandInError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [info.filename for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
    except _BROKEN as error:
        raise HandInError(Said("not a readable zip archive: %(why)s", why=str(error))) from error


def _check_members(members: list[zipfile.ZipInfo], most_files: int, most_bytes: int) -> None:
    if len(members) > most_files:
        raise HandInError(Said("the archive holds more than %(most)s files", most=most_files))
    if sum(info.file_size for info in members) > most_bytes:
        raise HandInError(Said("the archive holds more than %(most)s bytes", most=most_bytes))
    for info in members:
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
            raise HandInError(Said("the archive holds a path outside of itself: %(path)s", path=info.filename[:100]))
        if stat.S_ISLNK(info.external_attr >> 16):
            raise HandInError(Said("the archive holds a link: %(path)s", path=info.filename[:100]))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Read no more than the directory of the archive says: it may lie."""
    with archive.open(info) as file:
        return _text(file.read(min(info.file_size, MAX_BYTES) + 1), info.filename)


# ---------------------------------------------------------------------------------------------------- doing


class Direct:
    """The engine port on one cluster in this thread: nothing ever waits."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def request(self, cluster: str, request: ApiRequest) -> ApiResponse:
        return self._cluster.submit(request)

    async def command(self, cluster: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return self._cluster.command(name, args)

    async def watch(self, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
        raise EngineError("a grader does not watch")

    def live(self, cluster: str) -> AsyncGenerator[dict[str, Any], None]:
        raise EngineError("a grader does not watch")

    async def stream(self, cluster: str, name: str, args: Mapping[str, Any]) -> Duplex:
        raise EngineError("a grader opens no streams")


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    work.close()
    raise RuntimeError("it waited")


def apply(cluster: Cluster, text: str) -> list[dict[str, Any]]:
    """kubectl apply -f; one result per document."""
    try:
        results: list[dict[str, Any]] = finished(
            apply_text(engine=Direct(cluster), cluster=cluster.spec.name, text=text)
        )
    except EngineError as error:
        return [{"status": "error", "message": str(error), "kind": "", "name": "", "namespace": "", "line": 1}]
    return results
