"""Running a command in a container, with its input, output and exit code: a shell line by line, tar on bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cluster_core.machinery.typed import Obj
from cluster_core.workloads.argv import SHELLS
from cluster_core.workloads.inner import Inner

from . import archive
from .channels import Channels
from .shell import Client, Shell
from .status import ended, not_there


async def run(inner: Inner, pod: Obj, argv: Sequence[str], channels: Channels) -> Obj:
    """The v1.Status with which it ends."""
    if not argv or not inner.has(argv[0]):
        name = argv[0] if argv else ""
        return not_there(name, hashlib.sha256(f"{pod['metadata']['uid']}{name}".encode()).hexdigest())
    if channels.stdin and is_interactive(argv):
        return ended(argv, await Shell(inner, channels, argv[0], str(pod["metadata"]["name"])).talk())
    if channels.stdin and channels.tty and argv[0] == Client.name and not Client.has_command(argv):
        return ended(argv, await Client(inner, channels, argv).talk())
    stdin = await channels.all() if channels.stdin and not channels.tty else None
    if argv[0].rpartition("/")[2] == "tar":
        done = archive.tar(inner, argv[1:], stdin or b"")
        if done is not None:
            await channels.out(done.out)
            await channels.both("", done.err)
            return ended(argv, done.code)
    code, out, err = inner.execute(argv, stdin)
    await channels.both(out, err)
    return ended(argv, code)


def is_interactive(argv: Sequence[str]) -> bool:
    """A shell that reads what it runs from its input."""
    words = argv[1:]
    return argv[0].rpartition("/")[2] in SHELLS and all(
        word.startswith("-") and "c" not in word.lstrip("-") for word in words
    )
