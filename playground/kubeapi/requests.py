"""From an ASGI scope to an ApiRequest: path, query, headers and a body of limited size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import parse_qsl

from cluster_core.apiserver.request import ApiRequest, User
from cluster_core.machinery import errors
from playground.asgitypes import Receive, Scope

MAX_BODY = 3 * 1024 * 1024
"""Models MaxRequestBodyBytes of apiserver/pkg/server/config.go."""
_REPEATABLE = ("impersonate-group", "impersonate-extra-", "accept")


class ClientGone(Exception):
    """The client hung up while sending."""


async def body_of(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises errors.ApiError 413 as soon as it is too large."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise too_large()
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_BODY:
            raise too_large()
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def too_large() -> errors.ApiError:
    return errors.request_entity_too_large(f"limit is {MAX_BODY}")


def api_request(scope: Scope, path: str, body: bytes, user: User | None) -> ApiRequest:
    """`path` relative to the cluster. Who sends credentials is who they say; else `user`, whom the way in vouches for."""
    headers, repeated = headers_of(scope["headers"])
    query = tuple(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    who = None if "authorization" in headers else user
    return ApiRequest(scope["method"], path, query, headers, body, who, repeated)


def headers_of(pairs: Sequence[tuple[bytes, bytes]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(first value of each header, all values of those that may repeat); names in lower case."""
    headers: dict[str, str] = {}
    repeated: defaultdict[str, list[str]] = defaultdict(list)
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers.setdefault(name, value)
        if name.startswith(_REPEATABLE):
            repeated[name].append(value)
    if len(repeated.get("accept", ())) > 1:
        headers["accept"] = ",".join(repeated["accept"])
    repeated.pop("accept", None)
    return headers, dict(repeated)
