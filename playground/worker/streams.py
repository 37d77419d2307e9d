"""Conversations with a cluster, by name: each is a coroutine that talks to whoever opened it until it returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from playground.engine.port import EngineError

from . import etcdwatch
from .pipes import End, ends
from .resident import Resident

if TYPE_CHECKING:
    from .host import Host

logger = logging.getLogger(__name__)
Talk = Callable[["Host", Resident, Mapping[str, Any], End], Awaitable[None]]


async def _terminal(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    from playground.terminal.talk import talk  # it stands on the worker's pipes and residents

    await talk(host, resident, args, end)


async def _container(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    from playground.containers.talk import talk  # as above

    await talk(host, resident, args, end)


async def _port_forward(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    from playground.containers.forwarding import talk  # as above

    await talk(host, resident, args, end)


async def _log(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    from playground.containers.following import talk  # as above

    await talk(host, resident, args, end)


TALKS: dict[str, Talk] = {"etcd-watch": etcdwatch.talk, "terminal": _terminal, "container": _container, "port-forward": _port_forward,
                          "log": _log}  # fmt: skip


def begin(host: Host, resident: Resident, name: str, args: Mapping[str, Any]) -> End:
    """Open one; answers the caller's end. Raises EngineError."""
    talk = TALKS.get(name)
    if talk is None:
        raise EngineError(f'unknown stream "{name}"', 404)
    ours, theirs = ends()
    ours.run(_run(talk, host, resident, args, theirs))
    return ours


async def _run(talk: Talk, host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    error: EngineError | None = None
    try:
        with resident.in_use():
            await talk(host, resident, args, end)
    except EngineError as refused:
        error = refused
    except asyncio.CancelledError:
        raise
    except Exception:
        logger.exception("cluster %s: a conversation failed", resident.name)
        error = EngineError("the cluster's engine failed on this; see the log", 500)
    finally:
        await end.outgoing.close(error)
        await end.incoming.close()
