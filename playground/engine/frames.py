"""The wire between web processes and workers: frames of a msgpack header and a raw body.

A frame is two big-endian 32-bit lengths, the header and the body; the body (objects, mostly) is never re-encoded.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from typing import Any

import msgpack

from cluster_core.apiserver.request import ApiRequest, ApiResponse, User

from .port import Elsewhere, EngineError, NameTaken, NoSuchCluster, Unavailable

_LENGTHS = struct.Struct(">II")
MAX_HEADER = 4 * 1024 * 1024
MAX_REQUEST_BODY = 4 * 1024 * 1024
MAX_REPLY_BODY = 1024 * 1024 * 1024
Header = dict[str, Any]


class FrameTooLarge(EngineError):
    code = 413


def encode(header: Header, body: bytes = b"") -> bytes:
    packed = msgpack.packb(header)
    return b"".join((_LENGTHS.pack(len(packed), len(body)), packed, body))


async def read(reader: asyncio.StreamReader, max_body: int) -> tuple[Header, bytes]:
    """The next frame. Raises IncompleteReadError at the end and FrameTooLarge, after which the connection is unusable."""
    header_size, body_size = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    if header_size > MAX_HEADER or body_size > max_body:
        raise FrameTooLarge("frame too large")
    data = await reader.readexactly(header_size + body_size)
    return msgpack.unpackb(data[:header_size]), data[header_size:]


def pack_request(request: ApiRequest) -> Header:
    header: Header = {"method": request.method, "path": request.path, "headers": dict(request.headers)}
    header["query"] = [list(pair) for pair in request.query]
    if request.multi_headers:
        header["multi"] = {name: list(values) for name, values in request.multi_headers.items()}
    if request.user is not None:
        user = request.user
        extra = {name: list(values) for name, values in user.extra.items()}
        header["user"] = [user.name, list(user.groups), user.uid, extra]
    return header


def unpack_request(header: Header, body: bytes) -> ApiRequest:
    user = header.get("user")
    return ApiRequest(
        method=header["method"],
        path=header["path"],
        query=tuple((key, value) for key, value in header["query"]),
        headers=header["headers"],
        body=body,
        user=User(user[0], tuple(user[1]), user[2], user[3]) if user else None,
        multi_headers=header.get("multi", {}),
    )


def pack_response(response: ApiResponse) -> Header:
    return {
        "status": response.status,
        "type": response.content_type,
        "headers": [list(pair) for pair in response.headers],
        "warnings": list(response.warnings),
        "revision": response.revision,
    }


def unpack_response(header: Header, body: bytes) -> ApiResponse:
    headers = tuple((name, value) for name, value in header["headers"])
    return ApiResponse(header["status"], body, header["type"], headers, tuple(header["warnings"]), header["revision"])


_ERRORS: Mapping[str, type[EngineError]] = {
    error.__name__: error for error in (EngineError, NoSuchCluster, NameTaken, Unavailable, Elsewhere, FrameTooLarge)
}


def pack_error(error: EngineError) -> Header:
    name = type(error).__name__
    header = {"error": name if name in _ERRORS else "EngineError", "message": str(error), "code": error.code}
    return header | {"maybe_done": True} if isinstance(error, Unavailable) and error.maybe_done else header


def unpack_error(header: Header) -> EngineError:
    error = _ERRORS[header["error"]](header["message"])
    error.code = header["code"]
    if isinstance(error, Unavailable):
        error.maybe_done = bool(header.get("maybe_done"))
    return error
