"""A lean HTTP/1.1 client on asyncio, so that what is measured is the server: keep-alive, Content-Length bodies."""

from __future__ import annotations

import asyncio
from time import perf_counter


class Connection:
    """One connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def open(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAccept: application/json\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        status = int(lines[0].split()[1])
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def timed(connection: Connection, request: tuple[str, str, bytes], expected: int) -> float:
    """Milliseconds of one request."""
    begin = perf_counter()
    status, body = await connection.ask(*request)
    assert status == expected, body[:300]
    return (perf_counter() - begin) * 1000
