"""Frames of SPDY/3.1 and their way to bytes and back. Models vendor/github.com/moby/spdystream/spdy.

Only what servers of Kubernetes get and send: SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY, HEADERS and data; others
are passed over, as unknown ones must be. Flow control is not spoken: Kubernetes' own clients do not either.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .dictionary import DICTIONARY

VERSION = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY, HEADERS = 1, 2, 3, 6, 7, 8
FIN = 1
PROTOCOL_ERROR, INVALID_STREAM, REFUSED_STREAM, CANCEL = 1, 2, 3, 5
_CONTROL = 0x8000_0000
_ID = 0x7FFF_FFFF
_HEAD = struct.Struct(">II")
_MOST_PAYLOAD = 1024 * 1024
_MOST_HEADERS_BYTES = 64 * 1024
_HEADERS_AT = {SYN_STREAM: 10, SYN_REPLY: 4, HEADERS: 4}
"""Where in a frame's payload the compressed headers begin."""


class SpdyError(Exception):
    """What came is no SPDY: the connection cannot go on."""


class Frame(NamedTuple):
    """`kind` 0 is data. `stream` is the number of a ping for PING. `status` of RST_STREAM and GOAWAY."""

    kind: int
    stream: int
    data: bytes = b""
    headers: Mapping[str, str] = {}
    fin: bool = False
    status: int = 0


DATA = 0


class Decoder:
    """Frames out of the bytes of one direction."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that have become whole. Raises SpdyError."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            first, second = _HEAD.unpack_from(self._buffer)
            length = second & 0xFF_FFFF
            if length > _MOST_PAYLOAD:
                raise SpdyError(f"a frame of {length} bytes")
            if len(self._buffer) < _HEAD.size + length:
                return
            payload = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            frame = self._control(first, second >> 24, payload) if first & _CONTROL else _data(first, second >> 24, payload)
            if frame is not None:
                yield frame

    def _control(self, first: int, flags: int, payload: bytes) -> Frame | None:
        version, kind = first >> 16 & 0x7FFF, first & 0xFFFF
        if version != VERSION:
            raise SpdyError(f"version {version} of SPDY")
        if kind in _HEADERS_AT:
            begin = _HEADERS_AT[kind]
            stream = _number(payload, 0) & _ID
            return Frame(kind, stream, headers=self._headers(payload[begin:]), fin=bool(flags & FIN))
        if kind in (RST_STREAM, GOAWAY):
            return Frame(kind, _number(payload, 0) & _ID, status=_number(payload, 4))
        return Frame(PING, _number(payload, 0)) if kind == PING else None

    def _headers(self, packed: bytes) -> dict[str, str]:
        """Raises SpdyError for what does not unpack, or to more than anybody needs."""
        try:
            block = self._inflate.decompress(packed, _MOST_HEADERS_BYTES)
        except zlib.error as error:
            raise SpdyError(f"headers: {error}") from error
        if self._inflate.unconsumed_tail:
            raise SpdyError("headers: too many")
        return dict(_pairs(block))


def _number(payload: bytes, at: int) -> int:
    if len(payload) < at + 4:
        raise SpdyError("a frame is too short")
    return int.from_bytes(payload[at : at + 4], "big")


def _data(first: int, flags: int, payload: bytes) -> Frame:
    return Frame(DATA, first & _ID, payload, fin=bool(flags & FIN))


def _pairs(block: bytes) -> Iterator[tuple[str, str]]:
    count, at = _number(block, 0), 4
    if count > len(block):
        raise SpdyError("headers: too many")
    for _ in range(count):
        name, at = _text(block, at)
        value, at = _text(block, at)
        yield name.lower(), value.partition("\0")[0]


def _text(block: bytes, at: int) -> tuple[str, int]:
    begin = at + 4
    end = begin + _number(block, at)
    if end > len(block):
        raise SpdyError("headers: cut off")
    return block[begin:end].decode("utf-8", "replace"), end


class Encoder:
    """Bytes of one direction. Headers must be sent in the order in which they were encoded."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def encode(self, frame: Frame) -> bytes:
        flags = FIN if frame.fin else 0
        if frame.kind == DATA:
            return _HEAD.pack(frame.stream, flags << 24 | len(frame.data)) + frame.data
        payload = self._payload(frame)
        return _HEAD.pack(_CONTROL | VERSION << 16 | frame.kind, flags << 24 | len(payload)) + payload

    def _payload(self, frame: Frame) -> bytes:
        number = struct.pack(">I", frame.stream)
        if frame.kind in _HEADERS_AT:
            return number + bytes(_HEADERS_AT[frame.kind] - 4) + self._headers(frame.headers)
        return number if frame.kind == PING else number + struct.pack(">I", frame.status)

    def _headers(self, headers: Mapping[str, str]) -> bytes:
        block = struct.pack(">I", len(headers))
        for pair in headers.items():
            block += b"".join(struct.pack(">I", len(text.encode())) + text.encode() for text in pair)
        return self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
