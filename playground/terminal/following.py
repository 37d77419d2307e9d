"""Commands of a machine that go on telling until Ctrl-C: `journalctl -f`, `crictl logs -f`, `docker logs -f`, `etcdctl watch`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cluster_core.etcd.store import prefix_end

Ask = Callable[..., Awaitable[dict[str, Any]]]
_SECONDS, _PATIENT_SECONDS = 0.4, 2.0
"""Between two looks at the least, and at the most where nothing comes."""
_LETTERS = re.compile(r"-[a-z]*f[a-z]*")
NAMES = ("journalctl", "crictl", "docker")


def follows(name: str, argv: Sequence[str]) -> bool:
    if name not in NAMES or (name != "journalctl" and "logs" not in argv):
        return False
    return "--follow" in argv or any(_LETTERS.fullmatch(word) for word in argv)


async def follow(run: Ask, context: Any) -> int:
    """`run(after=...)` asks for what is new. What was written in the very instant of the last look may come twice."""
    after, last, pause = 0, frozenset[str](), _SECONDS
    while True:
        answer = await run(after=after)
        await context.stderr.write(answer["err"].encode())
        if answer["code"]:
            return int(answer["code"])
        lines = answer["out"].splitlines(keepends=True)
        fresh = "".join(line for line in lines if line not in last)
        if fresh:
            await context.stdout.write(fresh.encode())
        pause = _SECONDS if fresh else min(pause * 1.5, _PATIENT_SECONDS)
        after, last = answer["now"], frozenset(lines)
        await asyncio.sleep(pause)


async def watch_etcd(ask: Ask, node: str, context: Any) -> int:
    """`etcdctl watch KEY [--prefix]`. That etcd can be reached is asked first."""
    at = context.argv.index("watch")
    key = next((word for word in context.argv[at + 1 :] if not word.startswith("-")), "")
    rest = [word for word in context.argv if word not in ("watch", key, "--prefix")]
    checked = await ask("machine-run", node=node, argv=["etcdctl", *rest, "endpoint", "health"], env=dict(context.env))
    if checked["code"] or not key:
        await context.stderr.write(checked["err"].encode() or b"Error: watch requires a key\n")
        return 1
    end = prefix_end(key) if "--prefix" in context.argv else ""
    after = (await ask("etcd", op="leases"))["revision"]
    while True:
        until = (await ask("etcd", op="leases"))["revision"]
        found = await ask("etcd", op="events", after=after, until=until, ranges=[[key, end]])
        for _, changed, new, _ in found.get("events", ()):
            value = new[1].decode("utf-8", "replace") if new else ""
            await context.stdout.write(f"{'PUT' if new else 'DELETE'}\n{changed}\n{value}\n".encode())
        after = until
        await asyncio.sleep(_SECONDS)
