"""agnhost's servers that remember something: the guestbook and nettest. Models test/images/agnhost/{guestbook,nettest}.

A replica of the guestbook has what its primary has: it asks for it when it is asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from cluster_core.network.trace import ANSWERED, Call, Response

if TYPE_CHECKING:
    from cluster_core.network.answers import Program

_MOST_KEPT = 64
"""Keys, and characters of each value, times a thousand."""
_BACKEND = "6379"


def _query(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(call.path).query, keep_blank_values=True).items()}


def _memory(program: Program) -> dict[str, Any]:
    return {} if program.memory is None else program.memory


def _told(value: Mapping[str, Any]) -> Response:
    return Response(200, orjson.dumps(value).decode())


# ------------------------------------------------------------------------------------------------ guestbook


def guestbook(program: Program, call: Call) -> Response:
    page = _GUESTBOOK.get(call.plain)
    return page(program, _query(call)) if page else Response(404, "404 page not found\n")


def _get(program: Program, query: dict[str, str]) -> Response:
    primary = program.flag("replicaof")
    if primary:
        return _asked(program, primary, "get", query)
    key = query.get("key", "")
    kept = _memory(program)
    return _told({"data": kept.get(key, "") if key else kept})


def _set(program: Program, query: dict[str, str]) -> Response:
    key, value = query.get("key", ""), query.get("value", "")
    if not key:
        return Response(400, "cannot set with empty key.\n")
    kept = _memory(program)
    if len(kept) < _MOST_KEPT and len(value) <= _MOST_KEPT * 1000:
        kept[key] = value
    return _told({"message": "Updated"})


def _front(program: Program, query: dict[str, str]) -> Response:
    command = query.get("cmd", "").lower()
    if command not in ("get", "set"):
        return Response(400, f"unsupported cmd: '{command}'\n")
    return _asked(program, "agnhost-primary" if command == "set" else "agnhost-replica", command, query)


def _asked(program: Program, host: str, command: str, query: dict[str, str]) -> Response:
    port = program.flag("backend-port") or _BACKEND
    sent = urlencode({"key": query.get("key", ""), "value": query.get("value", "")})
    trace = program.ask(f"http://{host}:{port}/{command}?{sent}", Call()) if program.ask else None
    if trace is None or trace.outcome != ANSWERED:
        return Response(417, f"encountered error: dial tcp {host}:{port}: {trace.outcome if trace else 'no network'}\n")
    return Response(200, trace.response.body)


_GUESTBOOK: dict[str, Callable[[Program, dict[str, str]], Response]] = {"/get": _get, "/set": _set, "/guestbook": _front}


# ------------------------------------------------------------------------------------------------ nettest


def nettest(program: Program, call: Call) -> Response:
    """Who has written to it how often."""
    received: dict[str, int] = _memory(program).setdefault("received", {})
    if call.plain == "/read":
        state = {"Hostname": program.hostname, "Sent": None, "Received": received or None, "Errors": None, "Log": None, "StillContactingPeers": True}
        return _told(state)
    if call.plain != "/write":
        return Response(404, "404 page not found\n")
    try:
        source = str(orjson.loads(call.body).get("Source", ""))
    except (orjson.JSONDecodeError, AttributeError):
        source = ""
    if source and (source in received or len(received) < _MOST_KEPT):
        received[source[:100]] = received.get(source[:100], 0) + 1
    return _told({"Hostname": program.hostname})
