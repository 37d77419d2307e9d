"""etcd's HTTP/1.1 endpoints: /v2/keys, /v2/members, /v2/stats, /health, /version. Models server/etcdserver/api/v2http.

h11 speaks HTTP; this says what to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import orjson

from .gateway import VERSION, EtcdRefusal, Gateway
from .v2keys import EVENT_CLEARED, INDEX_NAN, Tree, V2Error, clean, flag, node_of

_MOST_BODY = 2 * 1024 * 1024
_PIECE = 64 * 1024
_IDLE_SECONDS = 120.0
_WAIT_SECONDS = 300.0
Answer = tuple[int, Any, int]
"""HTTP status, JSON, index (0: none)."""


class _TooLarge(Exception):
    pass


async def serve_v2(gateway: Gateway, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it ends."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    connection.receive_data(first)
    while True:
        try:
            request, body = await _next_request(connection, reader)
        except (h11.RemoteProtocolError, _TooLarge) as error:
            await _refuse(connection, writer, error)
            return
        if request is None:
            return
        await _reply(connection, writer, gateway, await _answer(gateway, request, body), request.method == b"HEAD")
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _next_request(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes]:
    request, body = None, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(_IDLE_SECONDS):
                connection.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MOST_BODY:
                raise _TooLarge("body too large")
        elif isinstance(event, h11.EndOfMessage):
            return request, bytes(body)
        else:
            return None, b""


async def _refuse(connection: h11.Connection, writer: asyncio.StreamWriter, error: Exception) -> None:
    if connection.our_state is h11.IDLE or connection.our_state is h11.SEND_RESPONSE:
        head = h11.Response(status_code=413 if isinstance(error, _TooLarge) else 400, headers=[("Connection", "close")])
        writer.write((connection.send(head) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        await writer.drain()


async def _reply(
    connection: h11.Connection, writer: asyncio.StreamWriter, gateway: Gateway, answer: Answer, head_only: bool
) -> None:
    status, content, index = answer
    body = orjson.dumps(content) + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    headers.append(("X-Etcd-Cluster-Id", f"{gateway.cluster_id:x}"))
    if index:
        headers += [("X-Etcd-Index", str(index)), ("X-Raft-Index", str(index)), ("X-Raft-Term", "2")]
    data = connection.send(h11.Response(status_code=status, headers=headers)) or b""
    if not head_only:
        data += connection.send(h11.Data(data=body)) or b""
    writer.write(data + (connection.send(h11.EndOfMessage()) or b""))
    await writer.drain()


# ---------------------------------------------------------------------------------------------------- answering


async def _answer(gateway: Gateway, request: h11.Request, body: bytes) -> Answer:
    parts = urlsplit(request.target.decode("latin-1"))
    fields = dict(parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape"))
    fields |= dict(parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape"))
    path, method = unquote(parts.path), request.method.decode()
    try:
        if path == "/v2/keys" or path.startswith("/v2/keys/"):
            return await _keys(gateway, method, path[len("/v2/keys") :], fields)
        return await _other(gateway, method, path.rstrip("/"))
    except V2Error as error:
        return error.status, error.body(), error.index
    except EtcdRefusal as error:
        return 500, {"errorCode": 300, "message": "Raft Internal Error", "cause": str(error), "index": 0}, 0


async def _keys(gateway: Gateway, method: str, path: str, fields: Mapping[str, str]) -> Answer:
    tree = Tree(gateway)
    if method in ("GET", "HEAD"):
        event = await (_wait(gateway, path, fields) if flag(fields, "wait") else tree.get(path, fields))
        return 200, event, tree.index or event["node"].get("modifiedIndex", 0)
    if method == "PUT":
        status, event = await tree.put(path, fields)
        return status, event, tree.index
    if method == "POST":
        status, event = await tree.post(path, fields)
        return status, event, tree.index
    if method == "DELETE":
        return 200, await tree.delete(path, fields), tree.index
    return 405, {"message": "Method Not Allowed"}, 0


async def _wait(gateway: Gateway, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The next change of the key (or, recursive, below it), or the first from waitIndex on."""
    start = fields.get("waitIndex", "0")
    if not start.isdigit():
        raise V2Error(INDEX_NAN, f'invalid value for "waitIndex": {start}')
    key = clean(path)
    talk = await gateway.watch()
    async with aclosing(talk):
        wishes = [(key, "")] if key else []
        wishes += [(f"{key}/", f"{key}0")] if flag(fields, "recursive") or not key else []
        for number, (begin, end) in enumerate(wishes):
            await talk.send({"create": {"id": number, "key": begin, "end": end, "start": int(start), "prev_kv": True}})
        async with asyncio.timeout(_WAIT_SECONDS):
            while (told := await talk.receive()) is not None:
                if "canceled" in told:
                    raise V2Error(EVENT_CLEARED, f"the requested history has been cleared [{told['compacted']}/{start}]")
                for event in told.get("events", ()):
                    return _event(*event)
    raise EtcdRefusal(14, "the cluster is gone")


def _event(revision: int, key: str, new: list[Any] | None, old: list[Any] | None) -> dict[str, Any]:
    if new is None:
        event: dict[str, Any] = {"action": "delete", "node": {"key": key, "modifiedIndex": revision}}
    else:
        event = {"action": "set", "node": node_of(new)}
    return {**event, "prevNode": node_of(old)} if old else event


async def _other(gateway: Gateway, method: str, path: str) -> Answer:
    member = {
        "id": f"{gateway.member_id:x}",
        "name": gateway.member_name,
        "peerURLs": ["http://127.0.0.1:2380"],
        "clientURLs": [gateway.url],
    }
    if path == "/version":
        return 200, {"etcdserver": VERSION, "etcdcluster": VERSION.rpartition(".")[0] + ".0"}, 0
    if path == "/health":
        return await _health(gateway)
    if path == "/v2/members":
        return 200, {"members": [member]}, 0
    if path == "/v2/members/leader":
        return 200, member, 0
    if path == "/v2/stats/self":
        own = {"id": member["id"], "name": member["name"], "state": "StateLeader"}
        return 200, {**own, "leaderInfo": {"leader": member["id"]}}, 0
    return 404, {"message": "Not Found"}, 0


async def _health(gateway: Gateway) -> Answer:
    try:
        await gateway.ask("status")
    except EtcdRefusal as error:
        return 503, {"health": "false", "reason": str(error)}, 0
    return 200, {"health": "true"}, 0
