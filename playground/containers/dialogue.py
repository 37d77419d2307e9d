"""The bytes of one connection to a simulated server: HTTP/1.1, Redis' protocol, or whatever else is said to it.

Which of them is told by the first bytes that come, as the servers themselves would find out.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from email.utils import formatdate

import h11

from cluster_core.machinery.clock import SECOND
from cluster_core.network.tools_http import phrase
from cluster_core.network.trace import ANSWERED, Call, Response, Trace

Ask = Callable[[Call], Trace]
_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS ", b"TRACE ", b"CONNECT ", b"PRI ")
_LONGEST_METHOD = max(map(len, _METHODS))
_MOST_BODY = 4 * 1024 * 1024
_MOST_WAITING = 1024 * 1024


class Dialogue:
    """One connection; `over`: the server has closed it."""

    def __init__(self, ask: Ask, now: Callable[[], int]) -> None:
        self._ask, self._now = ask, now
        self._speaker: _Http | _Redis | _Raw | None = None
        self._heard = b""
        self.over = False

    def feed(self, data: bytes, at_end: bool = False) -> bytes:
        """What the server says to these bytes. `at_end`: no more will come."""
        if self._speaker is None:
            self._heard += data
            self._speaker, data = self._chosen(at_end), self._heard
        answer = self._speaker.feed(data) if self._speaker is not None and data else b""
        self.over = at_end or bool(self._speaker and self._speaker.over)
        return answer

    def _chosen(self, at_end: bool) -> _Http | _Redis | _Raw | None:
        """None: it takes more bytes to tell."""
        if not self._heard:
            return None
        if self._heard.startswith(_METHODS):
            return _Http(self._ask, self._now)
        if self._heard.startswith(b"*"):
            return _Redis(self._ask)
        partly = len(self._heard) < _LONGEST_METHOD and any(method.startswith(self._heard) for method in _METHODS)
        return None if partly and not at_end else _Raw(self._ask, self._now)


# ---------------------------------------------------------------------------------------------------- HTTP


class _Http:
    """An HTTP server's side, by h11."""

    def __init__(self, ask: Ask, now: Callable[[], int]) -> None:
        self._ask, self._now = ask, now
        self._peer = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = b""
        self.over = False

    def feed(self, data: bytes) -> bytes:
        try:
            self._peer.receive_data(data)
            return b"".join(self._answers())
        except h11.RemoteProtocolError as error:
            self.over = True
            return self._refusal(error.error_status_hint)

    def _answers(self) -> Iterator[bytes]:
        """To each request that is whole by now."""
        while not self.over:
            event = self._peer.next_event()
            if event is h11.NEED_DATA:
                if self._peer.they_are_waiting_for_100_continue:
                    yield self._sent(h11.InformationalResponse(status_code=100, headers=[]))
                return
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                self.over = True
            elif isinstance(event, h11.Request):
                self._request, self._body = event, b""
            elif isinstance(event, h11.Data):
                self._hear(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                yield self._answer()

    def _hear(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MOST_BODY:
            raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)

    def _answer(self) -> bytes:
        assert self._request is not None
        trace = self._ask(call_of(self._request, self._body))
        if trace.outcome != ANSWERED or not trace.response.status:
            self.over = True  # what listens there speaks no HTTP, or has just gone
            return b""
        answer = self._said(trace.response)
        if self._peer.our_state is h11.MUST_CLOSE:
            self.over = True
        else:
            self._peer.start_next_cycle()
        return answer

    def _said(self, response: Response) -> bytes:
        body = response.body.encode()
        headers = [("Server", response.server)] if response.server else []
        headers.append(("Date", formatdate(self._now() / SECOND, usegmt=True)))
        if body:
            headers.append(("Content-Type", response.type))
        headers += [("Content-Length", str(len(body))), *response.headers]
        head = h11.Response(status_code=response.status, headers=headers, reason=phrase(response.status))
        content = b"" if self._request is not None and self._request.method == b"HEAD" else body
        return self._sent(head) + self._sent(h11.Data(data=content)) + self._sent(h11.EndOfMessage())

    def _refusal(self, status: int) -> bytes:
        if self._peer.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return b""
        return self._said(Response(status, f"{status} {phrase(status)}\n", headers=(("Connection", "close"),)))

    def _sent(self, event: h11.Event) -> bytes:
        return self._peer.send(event) or b""


def call_of(request: h11.Request, body: bytes) -> Call:
    """As the simulated network takes it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw_items()}
    target = request.target.decode("latin-1")
    path = target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]
    return Call(request.method.decode(), path=path, headers=headers, body=body.decode("utf-8", "replace"))


# ---------------------------------------------------------------------------------------------------- others


class _Redis:
    """Redis' serialization protocol: arrays of bulk strings, answered one by one."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._waiting, self.over = ask, b"", False

    def feed(self, data: bytes) -> bytes:
        self._waiting += data
        answers = []
        while (found := _command(self._waiting)) is not None:
            words, used = found
            self._waiting = self._waiting[used:]
            said = self._ask(Call(scheme="redis", body=shlex.join(words))).response
            self.over = self.over or bool(said.status) or words[:1] in (["QUIT"], ["quit"])
            answers.append(b"" if said.status else said.body.encode())
        self.over = self.over or len(self._waiting) > _MOST_WAITING
        return b"".join(answers)


def _command(data: bytes) -> tuple[list[str], int] | None:
    """(the words of the first command, how many bytes it has), None while it is not whole."""
    rest = data
    count, rest = _line(rest, b"*")
    words: list[str] = []
    for _ in range(count):
        size, rest = _line(rest, b"$")
        if size < 0 or len(rest) < size + 2:
            return None
        words.append(rest[:size].decode("utf-8", "replace"))
        rest = rest[size + 2 :]
    return (words, len(data) - len(rest)) if count >= 0 else None


def _line(data: bytes, mark: bytes) -> tuple[int, bytes]:
    """(the number on a line that begins with `mark`, what follows), -1: there is none yet."""
    line, newline, rest = data.partition(b"\r\n")
    number = line[1:]
    if not newline or line[:1] != mark or not number.isdigit() or len(number) > 7:
        return -1, data
    return int(number), rest


class _Raw:
    """Any other bytes, each as it comes. Who expects HTTP says that this is none."""

    def __init__(self, ask: Ask, now: Callable[[], int]) -> None:
        self._ask, self._now, self.over = ask, now, False

    def feed(self, data: bytes) -> bytes:
        trace = self._ask(Call(scheme="tcp", body=data.decode("latin-1")))
        if trace.response.status:
            self.over = True
            return _Http(self._ask, self._now).feed(b"\0\r\n\r\n")
        return trace.response.body.encode("latin-1", "replace")
