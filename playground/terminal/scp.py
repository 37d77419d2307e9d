"""`scp` for a shell: one file from or to another machine."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from typing import Any

from playground.engine.port import EngineError

Ask = Callable[..., Awaitable[dict[str, Any]]]
_USAGE = "usage: scp FILE [USER@]NODE:PATH, or scp [USER@]NODE:PATH FILE"


def between(ask: Ask) -> Callable[[Any], Awaitable[int]]:
    """The command, for machines that are reached by `ask`."""

    async def scp(context: Any) -> int:
        words = [word for word in context.argv if not word.startswith("-")]
        try:
            if len(words) != 2:
                raise EngineError(_USAGE)
            await _copy(ask, context, *words)
        except EngineError as error:
            await context.stderr.write(f"scp: {error}\n".encode())
            return 1
        return 0

    return scp


async def _copy(ask: Ask, context: Any, source: str, target: str) -> None:
    """Raises EngineError."""
    (node, path), (other, place) = _remote(source), _remote(target)
    if node:
        text = (await ask("machine-files", node=node))["files"].get(path)
    else:
        text = _text(context.fs, posixpath.normpath(posixpath.join(context.cwd, path)))
    if text is None:
        raise EngineError(f"{path}: No such file or directory")
    place = posixpath.join(place or ".", posixpath.basename(path)) if place in ("", ".") or place.endswith("/") else place
    if other:
        await ask("machine-write", node=other, changes={posixpath.join("/root", place): text})
    else:
        context.fs.write_file(posixpath.normpath(posixpath.join(context.cwd, place)), text.encode())


def _text(fs: Any, path: str) -> str | None:
    """None for what is no file, or no text."""
    if not fs.exists(path) or fs.stat(path)["file_type"] != "file":
        return None
    try:
        return str(fs.read_file(path).decode())
    except UnicodeDecodeError:
        return None


def _remote(word: str) -> tuple[str, str]:
    """(machine, path) of [user@]machine:path; ("", path) for a file here."""
    machine, colon, path = word.partition(":")
    if not colon or "/" in machine:
        return "", word
    return machine.rpartition("@")[2], path
