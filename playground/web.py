"""Daphne, with backpressure: an application that sends faster than the client reads is held up in `send`.

Daphne hands whatever the application sends to Twisted's unlimited buffer; a slow watcher would grow it without end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server

_MOST_BUFFERED = 256 * 1024
_LOOK_AGAIN_SECONDS = 0.02


class PatientServer(Server):  # type: ignore[misc]
    """Waits, after each message, until the connection's buffer is small again."""

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        await super().handle_reply(protocol, message)
        while _buffered(protocol) > _MOST_BUFFERED and protocol in self.connections:
            if self.connections[protocol].get("disconnected"):
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _buffered(protocol: Any) -> int:
    """Bytes Twisted still holds for this connection."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(channel, "transport", None) or getattr(protocol, "transport", None)
    data = getattr(transport, "dataBuffer", b"")
    return len(data) - getattr(transport, "offset", 0) + getattr(transport, "_tempDataLen", 0)


def run(*, host: str, port: int, with_parent: bool) -> None:
    """Serve until SIGTERM, SIGINT or (with_parent) the end of standard input."""
    from playground.asgi import application

    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    PatientServer(
        application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        server_name="",
        application_close_timeout=5,
        websocket_timeout=-1,
        websocket_max_message_size=64 * 1024,
        websocket_max_frame_size=64 * 1024,
    ).run()


def _stop_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a daemon thread must hold no lock when Python exits
        pass
    os.kill(os.getpid(), signal.SIGTERM)
