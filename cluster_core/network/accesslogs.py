"""What servers write into their logs of the requests they have answered, each in its own format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cluster_core.network.trace import Call, Response

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUIET = frozenset(("/healthz", "/readyz"))
"""Of which netexec says nothing."""


def line(program: str, call: Call, response: Response, now: int) -> str:
    """The line for one request at `now` (microseconds) to the program of this name, "" when it writes none."""
    write = _FORMATS.get(program)
    return write(call, response, _EPOCH + timedelta(microseconds=now)) if write is not None and response.status else ""


def _netexec(call: Call, response: Response, moment: datetime) -> str:
    """Go's log in klog's clothes."""
    if call.plain in _QUIET:
        return ""
    return f"{moment.strftime('I%m%d %H:%M:%S.%f')}       1 log.go:245] {call.method} {call.path}"


def _common(call: Call, response: Response, moment: datetime) -> str:
    """The common log format, as Apache writes it."""
    when, size = moment.strftime("%d/%b/%Y:%H:%M:%S +0000"), len(response.body.encode())
    return f'{call.client} - - [{when}] "{call.method} {call.path} HTTP/1.1" {response.status} {size}'


def _combined(call: Call, response: Response, moment: datetime) -> str:
    """nginx' own: with referrer, browser and who it was forwarded for."""
    sent = {name.lower(): value for name, value in call.headers.items()}
    more = " ".join(f'"{sent.get(name) or "-"}"' for name in ("referer", "user-agent", "x-forwarded-for"))
    return f"{_common(call, response, moment)} {more}"


_FORMATS: dict[str, Callable[[Call, Response, datetime], str]] = {
    "agnhost netexec": _netexec,
    "httpd": _common,
    "apache-php": _common,
    "nginx": _combined,
    "nginx-unprivileged": _combined,
}
