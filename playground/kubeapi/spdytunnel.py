"""port-forward as SPDY/3.1+portforward.k8s.io: a websocket whose messages are the bytes of one SPDY connection.

Each forwarded connection is a pair of streams with one requestid: "error", which only the server writes, and "data".
Models kubelet/pkg/cri/streaming/portforward/httpstream.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.engine.port import Duplex

from .socket import Socket
from .spdy import frames
from .spdy.frames import Decoder, Encoder, Frame, SpdyError

_MOST_PAIRS = 4096


@dataclass(slots=True)
class _Pair:
    """The two streams of a connection; 0: not opened yet, or closed."""

    port: int
    error: int = 0
    data: int = 0


class Tunnel:
    """See `portforward.Form`."""

    def __init__(self, talk: Duplex, socket: Socket) -> None:
        self._talk, self._socket = talk, socket
        self._decoder, self._encoder = Decoder(), Encoder()
        self._pairs: dict[int, _Pair] = {}
        self._connection_of: dict[int, int] = {}
        """Data stream -> requestid."""

    async def begin(self) -> None:
        """The client speaks first."""

    async def take(self, data: bytes) -> None:
        try:
            for frame in self._decoder.feed(data):
                await self._take(frame)
        except SpdyError as error:
            await self._say(Frame(frames.GOAWAY, 0, status=frames.PROTOCOL_ERROR))
            raise ValueError(str(error)) from error

    async def _take(self, frame: Frame) -> None:
        if frame.kind == frames.SYN_STREAM:
            await self._opened(frame)
        elif frame.kind == frames.PING:
            await self._say(frame)
        elif frame.kind == frames.GOAWAY:
            await self._talk.aclose()
        elif frame.stream in self._connection_of:
            await self._heard(self._connection_of[frame.stream], frame)

    async def _heard(self, number: int, frame: Frame) -> None:
        """Bytes for the pod, or their end."""
        if frame.kind == frames.DATA and frame.data:
            await self._talk.send({"id": number, "data": frame.data})
        if frame.fin or frame.kind == frames.RST_STREAM:
            await self._talk.send({"id": number, "eof": True})
        if frame.kind == frames.RST_STREAM:
            self._connection_of.pop(frame.stream, None)
            self._pairs[number].data = 0

    # ------------------------------------------------------------------------------------------------ streams

    async def _opened(self, frame: Frame) -> None:
        kind, port, number = (frame.headers.get(name, "") for name in ("streamtype", "port", "requestid"))
        if kind not in ("error", "data") or not _is_port(port) or not number.isdigit() or len(self._pairs) >= _MOST_PAIRS:
            await self._say(Frame(frames.RST_STREAM, frame.stream, status=frames.REFUSED_STREAM))
            return
        pair = self._pairs.setdefault(int(number), _Pair(int(port)))
        if getattr(pair, kind):
            await self._say(Frame(frames.RST_STREAM, frame.stream, status=frames.REFUSED_STREAM))
            return
        setattr(pair, kind, frame.stream)
        await self._say(Frame(frames.SYN_REPLY, frame.stream))
        if kind == "data":
            self._connection_of[frame.stream] = int(number)
        if pair.error and pair.data:
            await self._talk.send({"id": int(number), "port": pair.port})

    async def tell(self, message: Mapping[str, Any]) -> None:
        pair = self._pairs.get(message["id"])
        if pair is None:
            return
        if "data" in message:
            if pair.data:
                await self._say(Frame(frames.DATA, pair.data, message["data"]))
            return
        if "error" in message:
            await self._say(Frame(frames.DATA, pair.error, message["error"].encode()))
        await self._end(message["id"], pair)

    async def _end(self, number: int, pair: _Pair) -> None:
        del self._pairs[number]
        self._connection_of.pop(pair.data, None)
        for stream in (pair.data, pair.error):
            if stream:
                await self._say(Frame(frames.DATA, stream, fin=True))

    async def _say(self, frame: Frame) -> None:
        await self._socket.write(self._encoder.encode(frame))


def _is_port(text: str) -> bool:
    return text.isdigit() and 0 < int(text) < 2**16
