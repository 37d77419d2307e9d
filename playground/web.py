"""Daphne, with limits: a slow reader holds its application up in `send`, and a body without end is cut off.

Daphne hands whatever the application sends to Twisted's unlimited buffer, and takes in a whole body before it calls the
application: a slow watcher or a fast uploader would grow memory or disk without end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server

from playground import collector
from playground.kubeapi.status import status_body
from playground.tls import SecureListener, client_certificate

_MOST_BUFFERED = 256 * 1024
_MOST_BODY = 16 * 1024 * 1024
_LOOK_AGAIN_SECONDS = 0.02
_PHRASES = {422: b"Unprocessable Entity", 429: b"Too Many Requests"}
"""What Twisted does not know and clients show to people."""


class LimitedRequest(WebRequest):  # type: ignore[misc]
    """Applications refuse bodies over 3 MiB with their own words; this stops what no application needs to see."""

    received = 0

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        super().setResponseCode(code, message or _PHRASES.get(code))

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self._count(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        self._count(0 if self.requestHeaders.hasHeader(b"content-length") else len(data))
        if self.received <= _MOST_BODY:
            super().handleContentChunk(data)

    def _count(self, more: int) -> None:
        before, self.received = self.received, self.received + more
        if before <= _MOST_BODY < self.received:
            body = status_body(413, "Request entity too large")
            head = b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n"
            self.transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.transport.loseConnection()


_LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes of one websocket message. What clients send is bounded by the size of its single frames."""


class LimitedFactory(HTTPFactory):  # type: ignore[misc]
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol


class PatientServer(Server):  # type: ignore[misc]
    """Waits, after each message, until the connection's buffer is small again; tells applications of client certificates."""

    def create_application(self, protocol: Any, scope: Any) -> Any:
        certificate = client_certificate(protocol)
        if certificate:
            scope["extensions"] = {**scope.get("extensions", {}), "tls": {"client_cert_chain": [certificate]}}
        return super().create_application(protocol, scope)

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


def endpoints(host: str, port: int, cert: str, key: str) -> list[str]:
    """Twisted's description of where to listen; with a certificate, over TLS."""
    if not cert:
        found: list[str] = build_endpoint_description_strings(host=host, port=port)
        return found
    interface = host.replace(":", r"\:")
    return [f"ssl:{port}:interface={interface}:privateKey={key}:certKey={cert}"]


def run(
    *, host: str, port: int, with_parent: bool, cert: str = "", key: str = "", secure: SecureListener | None = None
) -> None:
    """Serve until SIGTERM, SIGINT or (with_parent) the end of standard input. `secure`: where else, by HTTPS."""
    import daphne.server

    from playground.asgi import application
    from playground.grading import clerk

    daphne.server.HTTPFactory = LimitedFactory
    collector.spare()
    clerk.start()
    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    server = PatientServer(
        application,
        endpoints=endpoints(host, port, cert, key),
        server_name="",
        application_close_timeout=5,
        websocket_timeout=-1,
        websocket_max_message_size=_LARGEST_MESSAGE,  # autobahn holds what we send to it too: snapshots
        websocket_max_frame_size=64 * 1024,
    )
    if secure:
        secure.open_with(server)
    server.run()


def _stop_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a daemon thread must hold no lock when Python exits
        pass
    os.kill(os.getpid(), signal.SIGTERM)
