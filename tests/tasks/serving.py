"""A small HTTP and websocket server for one ASGI application, in the test's own event loop: what the real kubectl talks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote

import h11
from wsproto import ConnectionType, WSConnection, events

from playground.asgitypes import Application

_PIECE = 64 * 1024


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[int]:
    """Serve on a free port of this machine; gives the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _Connection(application, reader, writer).serve()
        except (OSError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Connection:
    def __init__(self, application: Application, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._application, self._reader, self._writer = application, reader, writer
        self._http = h11.Connection(h11.SERVER)

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_PIECE))
        return event

    async def serve(self) -> None:
        while True:
            request = await self._event()
            if not isinstance(request, h11.Request):
                return
            if (b"upgrade", b"websocket") in [(name, value.lower()) for name, value in request.headers]:
                await _Socket(self._application, self._reader, self._writer).serve(request)
                return
            body = b""
            while isinstance(event := await self._event(), h11.Data):
                body += event.data
            await self._answer(request, body)
            if self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _answer(self, request: h11.Request, body: bytes) -> None:
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await self._reader.read(1)  # nothing comes while we answer but the end
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._put(h11.Response(status_code=message["status"], headers=message.get("headers", [])))
                return
            self._put(h11.Data(data=message.get("body", b"")))
            if not message.get("more_body"):
                self._put(h11.EndOfMessage())
            await self._writer.drain()

        await self._application(scope_of(request, "http"), receive, send)

    def _put(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)


def scope_of(request: h11.Request, type: str) -> dict[str, Any]:
    target = request.target.decode("latin-1")
    path, _, query = target.partition("?")
    return {
        "type": type,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method.decode(),
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
    }


class _Socket:
    def __init__(self, application: Application, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._application, self._reader, self._writer = application, reader, writer
        self._socket = WSConnection(ConnectionType.SERVER)
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def serve(self, request: h11.Request) -> None:
        self._socket.initiate_upgrade_connection([(bytes(n), bytes(v)) for n, v in request.headers], request.target.decode())
        opened = next(self._socket.events())
        assert isinstance(opened, events.Request)
        self._incoming.put_nowait({"type": "websocket.connect"})
        reading = asyncio.create_task(self._read())
        scope = {**scope_of(request, "websocket"), "subprotocols": opened.subprotocols}
        try:
            await self._application(scope, self._incoming.get, self._send)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> None:
        data = b""
        while piece := await self._reader.read(_PIECE):
            self._socket.receive_data(piece)
            for event in self._socket.events():
                if isinstance(event, events.BytesMessage | events.TextMessage):
                    data += event.data if isinstance(event.data, bytes | bytearray) else event.data.encode("latin-1")
                    if event.message_finished:
                        self._incoming.put_nowait({"type": "websocket.receive", "bytes": bytes(data)})
                        data = b""
                elif isinstance(event, events.Ping):
                    self._write(event.response())
        self._incoming.put_nowait({"type": "websocket.disconnect"})

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._write(events.AcceptConnection(subprotocol=message.get("subprotocol")))
        elif kind == "websocket.send":
            self._write(events.BytesMessage(data=message["bytes"]))
        else:
            with suppress(Exception):
                self._write(events.CloseConnection(code=message.get("code", 1000)))
        await self._writer.drain()

    def _write(self, event: Any) -> None:
        self._writer.write(self._socket.send(event))
