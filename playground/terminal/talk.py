"""The conversation "terminal" with a cluster: {"session": id or "", "node"}. Sessions live as long as the cluster is in memory."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.conf import settings

from playground.classroom import passes
from playground.engine.port import EngineError
from playground.worker.pipes import End
from playground.worker.resident import Resident

from .session import Session

if TYPE_CHECKING:
    from playground.worker.host import Host

MOST_PER_CLUSTER = 12
_sessions: WeakKeyDictionary[Resident, dict[str, Session]] = WeakKeyDictionary()


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    known = _sessions.setdefault(resident, {})
    session = known.get(str(args.get("session", "")))
    if session is None or session.over:
        session = await _begin(host, resident, args, known)
    await session.attend(end)
    if session.over:
        known.pop(session.id, None)
        await session.close()


async def _begin(host: Host, resident: Resident, args: Mapping[str, Any], known: dict[str, Session]) -> Session:
    if len(known) >= MOST_PER_CLUSTER:
        idle = next((each for each in known.values() if not each.attached), None)
        if idle is None:
            raise EngineError(f"this cluster has {MOST_PER_CLUSTER} terminals open already; close one", 429)
        del known[idle.id]
        await idle.close()

    async def ask(command: str, **args: Any) -> dict[str, Any]:
        return await host.command(resident.name, command, args)

    node = str(args.get("node") or "control-plane")
    session = Session(secrets.token_urlsafe(12), node, ask, _server(resident, args.get("user")))
    await session.open()
    known[session.id] = session
    return session


def _server(resident: Resident, user: object) -> str:
    """Where kubectl finds the cluster. Where there are accounts, with a pass of the one whose terminal it is: they might
    read the address, and the cluster's own token would outlast what they are allowed."""
    scheme = "https" if settings.TLS_CERT else "http"
    key = passes.issue(user=int(user), cluster=resident.name) if isinstance(user, int) and user else resident.record.token
    return f"{scheme}://127.0.0.1:{settings.PORT}/k/{key}"
