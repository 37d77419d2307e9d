"""One port for both protocols, as etcd has it: HTTP/2 connections are handed to the gRPC server, the others speak v2.

The gRPC server listens on a Unix socket in a directory of its own, which nobody else can enter.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from contextlib import suppress
from pathlib import Path

import grpc

from playground.engine.port import Engine

from .gateway import Gateway
from .v2http import serve_v2
from .v3 import add_services

logger = logging.getLogger(__name__)
_PREFACE = b"PRI"
_MOST_MESSAGE = 4 * 1024 * 1024
_PIECE = 64 * 1024
_FIRST_SECONDS = 30.0


class EtcdServer:
    """Serves one cluster's etcd at host:port (0: any free one) from `start` to `stop`."""

    def __init__(self, engine: Engine, cluster: str, host: str = "127.0.0.1", port: int = 2379) -> None:
        self._engine, self._cluster, self._host, self._port = engine, cluster, host, port
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="etcd-")
        self._socket = str(Path(self._directory.name) / "grpc")
        self._listener = await asyncio.start_server(self._connected, self._host, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.gateway = Gateway(self._engine, self._cluster, self.url)
        options = [("grpc.max_receive_message_length", _MOST_MESSAGE), ("grpc.so_reuseport", 0)]
        self._grpc = grpc.aio.server(options=options)
        add_services(self._grpc, self.gateway)
        self._grpc.add_insecure_port(f"unix:{self._socket}")
        await self._grpc.start()

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    async def stop(self) -> None:
        self._listener.close()
        await self._grpc.stop(0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._directory.cleanup()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except asyncio.CancelledError:
            logger.debug("connection ended by us")
        except (OSError, EOFError, TimeoutError) as error:
            logger.debug("connection lost: %s", error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_FIRST_SECONDS):
            first = await reader.readexactly(len(_PREFACE))
        if first != _PREFACE:
            await serve_v2(self.gateway, first, reader, writer)
            return
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket)
        inner_writer.write(first)
        sides = [asyncio.ensure_future(_copy(reader, inner_writer)), asyncio.ensure_future(_copy(inner_reader, writer))]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
            inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
