"""Commands of a machine that go on telling until Ctrl-C: `journalctl -f`, `crictl logs -f`, `docker logs -f`, `etcdctl watch`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cluster_core.etcd.store import prefix_end
from cluster_core.simulation import etcdprinting
from cluster_core.simulation.etcdarguments import Asked, split
from playground.engine.port import EngineError

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
    """`etcdctl watch KEY [RANGE_END]`. That etcd can be reached is asked first."""
    asked = split(context.argv)
    words = [word for word in asked.words if word != "watch"]
    rest = [word for word in context.argv if word.startswith(("--endpoints", "--cacert", "--cert", "--key="))]
    checked = await ask("machine-run", node=node, argv=["etcdctl", *rest, "endpoint", "health"], env=dict(context.env))
    if checked["code"] or not words:
        await context.stderr.write(checked["err"].encode() or b"Error: watch is not supported without a key\n")
        return 1
    try:
        return await _watch(ask, context, asked, [words[0], _end(asked, words)])
    except EngineError as error:
        await context.stderr.write(f"watch was canceled ({error})\nError: watch is canceled by the server\n".encode())
        return 1


async def _watch(ask: Ask, context: Any, asked: Asked, bounds: list[str]) -> int:
    """Raises EngineError, also for a revision that is compacted or a server that has gone."""
    revision = int(asked.option("rev", "0")) if asked.option("rev", "0").isdigit() else 0
    if revision:
        await _etcd(ask, op="range", key=bounds[0], at=revision, limit=1)
    after = revision - 1 if revision else (await _etcd(ask, op="leases"))["revision"]
    while True:
        until = (await _etcd(ask, op="leases"))["revision"]
        found = await _etcd(ask, op="events", after=after, until=until, ranges=[bounds])
        for event in found.get("events", ()):
            await context.stdout.write(_told(event, asked, until).encode())
        after = until
        await asyncio.sleep(_SECONDS)


async def _etcd(ask: Ask, **args: Any) -> dict[str, Any]:
    """Raises EngineError."""
    answer = await ask("etcd", **args)
    if "error" in answer:
        raise EngineError(answer["error"][1])
    return answer


def _end(asked: Asked, words: Sequence[str]) -> str:
    if "prefix" in asked.options:
        return prefix_end(words[0])
    return "\0" if "from-key" in asked.options else words[1] if len(words) > 1 else ""


def _told(event: Sequence[Any], asked: Asked, revision: int) -> str:
    """A change: PUT or DELETE, with what there was before where that is asked for."""
    _, key, new, before = event
    if asked.option("write-out") == "json":
        kv = etcdprinting.as_json(new) if new else {"key": etcdprinting.encoded(key.encode()), "mod_revision": event[0]}
        return etcdprinting.json({"Header": etcdprinting.header(revision), "Events": [{**({} if new else {"type": 1}), "kv": kv}], "Canceled": False, "Created": False})
    earlier = etcdprinting.as_text(before) if before and "prev-kv" in asked.options else ""
    value = new[1].decode("utf-8", "replace") if new else ""
    return f"{'PUT' if new else 'DELETE'}\n{earlier}{key}\n{value}\n"
