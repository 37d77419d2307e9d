"""Talk to an ASGI application without a server, message by message."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from playground.asgitypes import Application


class Exchange:
    """One HTTP request in progress."""

    def __init__(self, application: Application, method: str, path: str, **options: Any) -> None:
        raw, _, query = path.partition("?")
        headers = {"host": "127.0.0.1:8000"} | options.get("headers", {})
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": raw,
            "raw_path": quote(raw, safe="/%:~").encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 40000),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self._application = application
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status = 0
        self.headers: dict[str, str] = {}
        body = options.get("body", b"")
        self._incoming.put_nowait({"type": "http.request", "body": body, "more_body": False})

    async def start(self) -> Exchange:
        self._task = asyncio.create_task(self._application(self.scope, self._incoming.get, self._outgoing.put))
        started = await self._message()
        self.status = started["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in started["headers"]}
        return self

    async def _message(self) -> dict[str, Any]:
        getting = asyncio.ensure_future(self._outgoing.get())
        await asyncio.wait((getting, self._task), timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if not getting.done() and not self._outgoing.empty():
            await asyncio.sleep(0)
        if not getting.done():
            getting.cancel()
            self._task.result()
            raise AssertionError("the application ended without an answer")
        return getting.result()

    async def chunk(self) -> bytes:
        """The next piece of the body that is not empty; b"" at its end."""
        while True:
            message = await self._message()
            if message.get("body") or not message.get("more_body"):
                return bytes(message.get("body", b""))

    async def whole(self) -> bytes:
        pieces = []
        while True:
            message = await self._message()
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                return b"".join(pieces)

    async def hang_up(self) -> None:
        """As when the client closes the connection; the application must end by itself."""
        self._incoming.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(self._task, 30)


async def ask(application: Application, method: str, path: str, **options: Any) -> tuple[Exchange, bytes]:
    """A whole exchange: (status and headers, body)."""
    exchange = await Exchange(application, method, path, **options).start()
    body = await exchange.whole()
    await asyncio.wait_for(exchange._task, 30)
    return exchange, body
