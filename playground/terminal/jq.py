"""`jq` for a shell: bashkit's, in an interpreter of its own that ends it.

A filter may go on for ever and hears of no cancellation, only of its interpreter's time; in the shell's own interpreter it
would hold that for as long as a line may wait. It is run document by document where its options allow, so that what it
makes of a watch is seen at once.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from bashkit import Bash

SECONDS = 5.0
MOST_INPUT = 8 * 1024 * 1024
_STDIN = "/dev/shm/stdin"
_AS_A_WHOLE = re.compile(r"-[a-zA-Z]*[nsR][a-zA-Z]*|--null-input|--slurp|--raw-input|--stream|--seq|.*\binputs?\b.*", re.DOTALL)
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


async def jq(context: Any) -> int:
    code = 0
    whole = any(_AS_A_WHOLE.fullmatch(word) for word in context.argv)
    async for text in _documents(context.stdin, whole):
        code = await _run(context, text)
    return code


async def _documents(source: Any, whole: bool) -> AsyncIterator[bytes]:
    """The input as a whole, or as much of it at a time as are whole documents; at least one piece, be it empty."""
    kept, given, left = b"", False, MOST_INPUT
    while left > 0 and (piece := await source.read_chunk()) is not None:
        left -= len(piece)
        kept += piece
        end = 0 if whole else _end_of_documents(kept)
        if end:
            yield kept[:end]
            kept, given = kept[end:], True
    if kept.strip() or not given:
        yield kept


def _end_of_documents(data: bytes) -> int:
    """How many bytes make whole documents. Numbers and words that nothing ends yet may go on."""
    text, at = data.decode("utf-8", "ignore"), 0
    try:
        while start := _SPACE.match(text, at):
            found, end = _DECODER.raw_decode(text, start.end())
            if end == len(text) and not isinstance(found, (dict, list, str)):
                break
            at = end
    except (ValueError, RecursionError):
        pass
    return len(text[:at].encode())


async def _run(context: Any, text: bytes) -> int:
    inner = Bash(env=context.env, cwd=context.cwd, timeout_seconds=SECONDS)
    inner_files = inner.fs()
    for path in {posixpath.join(context.cwd, word) for word in context.argv}:
        if context.fs.exists(path) and context.fs.stat(path)["file_type"] == "file":
            inner_files.mkdir(posixpath.dirname(path), True)
            inner_files.write_file(path, context.fs.read_file(path))
    inner_files.mkdir(posixpath.dirname(_STDIN), True)
    inner_files.write_file(_STDIN, text)
    line = f"jq {shlex.join(context.argv)} < {_STDIN}"
    done = await inner.execute(line, stdout=_sink(context.stdout), stderr=_sink(context.stderr))
    if done.error:
        await context.stderr.write(f"jq: error: {done.error}\n".encode())
    return int(done.exit_code)


def _sink(output: Any) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        await output.write(data)

    return write
