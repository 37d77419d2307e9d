"""Where an engine listens: unix:/path, tcp://host:port, or tls://host:port with certificates on both sides."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

_BUFFER = 1024 * 1024
_LONGEST_SOCKET_PATH = 100

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Handler(Protocol):
    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...


@dataclass(frozen=True)
class Tls:
    """Paths of our certificate, its key and the authority that signs everybody's."""

    cert: str = ""
    key: str = ""
    ca: str = ""

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Tls:
        return cls(**files)

    def context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        context = ssl.create_default_context(purpose, cafile=self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.cert, self.key)
        return context


def _short(path: str) -> str:
    """Unix socket paths have 107 bytes at most; a longer one is reached through its directory's descriptor."""
    if len(path.encode()) <= _LONGEST_SOCKET_PATH:
        return path
    directory = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{directory}/{Path(path).name}"


def _release(short: str, path: str) -> None:
    if short != path:
        os.close(int(short.split("/")[4]))


async def listen(url: str, handler: Handler, tls: Tls | None = None) -> asyncio.Server:
    """Serve connections at `url`."""
    parts = urlsplit(url)
    options: dict[str, Any] = {"limit": _BUFFER}
    if parts.scheme == "unix":
        return await _listen_unix(parts.path, handler, options)
    if parts.scheme == "tls":
        options["ssl"] = (tls or Tls()).context(ssl.Purpose.CLIENT_AUTH)
    elif parts.scheme != "tcp":
        raise ValueError(f"engine address {url!r}: unknown scheme")
    return await asyncio.start_server(handler, parts.hostname, parts.port, **options)


async def _listen_unix(path: str, handler: Handler, options: dict[str, Any]) -> asyncio.Server:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    short = _short(path)
    mask = os.umask(0o177)  # nobody else on this machine may talk to the worker
    try:
        return await asyncio.start_unix_server(handler, short, **options)
    finally:
        os.umask(mask)
        _release(short, path)


async def connect(url: str, tls: Tls | None = None) -> Connection:
    """Raises OSError when nobody listens."""
    parts = urlsplit(url)
    options: dict[str, Any] = {"limit": _BUFFER}
    if parts.scheme == "unix":
        short = _short(parts.path)
        try:
            return await asyncio.open_unix_connection(short, **options)
        finally:
            _release(short, parts.path)
    if parts.scheme == "tls":
        options["ssl"] = (tls or Tls()).context(ssl.Purpose.SERVER_AUTH)
    return await asyncio.open_connection(parts.hostname, parts.port, **options)
