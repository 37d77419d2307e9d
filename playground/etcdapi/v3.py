"""etcd v3 over gRPC: KV, Watch, Lease, Cluster and Maintenance. Models api/etcdserverpb/rpc.proto and server/etcdserver/api/v3rpc."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any

import grpc
from aetcd.rpc import rpc_pb2 as pb
from aetcd.rpc import rpc_pb2_grpc as services

from playground.engine.port import Duplex, EngineError

from .gateway import VERSION, EtcdRefusal, Gateway
from .keys import BadKey, span
from .messages import (
    TERM,
    delete_args,
    delete_response,
    event,
    header,
    put_args,
    put_response,
    range_args,
    range_response,
    txn_args,
    txn_response,
)

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_CHUNK = 32 * 1024
Context = Any
Method = Callable[[Any, Any, Context], Awaitable[Any]]


def answering(method: Method) -> Method:
    """A refusal becomes the call's status."""

    @wraps(method)
    async def call(self: Any, request: Any, context: Context) -> Any:
        try:
            return await method(self, request, context)
        except EtcdRefusal as error:
            await context.abort(_CODES[error.code], str(error))
        except BadKey as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"etcdserver: {error}")

    return call


class _Service:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def _header(self, answer: dict[str, Any]) -> Any:
        return header(self._gateway, answer["revision"])


class KV(_Service, services.KVServicer):  # type: ignore[misc]
    @answering
    async def Range(self, request: Any, context: Context) -> Any:
        return range_response(self._gateway, await self._gateway.ask("range", **range_args(request)))

    @answering
    async def Put(self, request: Any, context: Context) -> Any:
        return put_response(self._gateway, await self._gateway.ask("put", **put_args(request)))

    @answering
    async def DeleteRange(self, request: Any, context: Context) -> Any:
        return delete_response(self._gateway, await self._gateway.ask("delete", **delete_args(request)))

    @answering
    async def Txn(self, request: Any, context: Context) -> Any:
        return txn_response(self._gateway, await self._gateway.ask("txn", **txn_args(request)))

    @answering
    async def Compact(self, request: Any, context: Context) -> Any:
        return pb.CompactionResponse(header=self._header(await self._gateway.ask("compact", at=request.revision)))


class Lease(_Service, services.LeaseServicer):  # type: ignore[misc]
    @answering
    async def LeaseGrant(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("grant", ttl=request.TTL, id=request.ID)
        return pb.LeaseGrantResponse(header=self._header(answer), ID=answer["id"], TTL=answer["ttl"])

    @answering
    async def LeaseRevoke(self, request: Any, context: Context) -> Any:
        return pb.LeaseRevokeResponse(header=self._header(await self._gateway.ask("revoke", id=request.ID)))

    async def LeaseKeepAlive(self, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        async for request in requests:
            try:
                answer = await self._gateway.ask("keep-alive", id=request.ID)
            except EtcdRefusal as error:
                await context.abort(_CODES[error.code], str(error))
            yield pb.LeaseKeepAliveResponse(header=self._header(answer), ID=answer["id"], TTL=answer["ttl"])

    @answering
    async def LeaseTimeToLive(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("time-to-live", id=request.ID, keys=request.keys)
        return pb.LeaseTimeToLiveResponse(
            header=self._header(answer),
            ID=answer["id"],
            TTL=answer["ttl"],
            grantedTTL=answer["granted"],
            keys=[key.encode() for key in answer["keys"]],
        )

    @answering
    async def LeaseLeases(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("leases")
        return pb.LeaseLeasesResponse(
            header=self._header(answer), leases=[pb.LeaseStatus(ID=each) for each in answer["ids"]]
        )


class Cluster(_Service, services.ClusterServicer):  # type: ignore[misc]
    """One member: its data is the cluster's revisions, kept by the worker."""

    @answering
    async def MemberList(self, request: Any, context: Context) -> Any:
        gateway = self._gateway
        member = pb.Member(
            ID=gateway.member_id, name=gateway.member_name, peerURLs=["http://127.0.0.1:2380"], clientURLs=[gateway.url]
        )
        return pb.MemberListResponse(header=self._header(await gateway.ask("leases")), members=[member])


class Maintenance(_Service, services.MaintenanceServicer):  # type: ignore[misc]
    @answering
    async def Alarm(self, request: Any, context: Context) -> Any:
        return pb.AlarmResponse(header=self._header(await self._gateway.ask("leases")))

    @answering
    async def Status(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("status")
        return pb.StatusResponse(
            header=self._header(answer),
            version=VERSION,
            dbSize=answer["size"],
            dbSizeInUse=answer["in_use"],
            leader=self._gateway.member_id,
            raftIndex=answer["revision"],
            raftAppliedIndex=answer["revision"],
            raftTerm=TERM,
        )

    @answering
    async def Defragment(self, request: Any, context: Context) -> Any:
        return pb.DefragmentResponse(header=self._header(await self._gateway.ask("leases")))

    @answering
    async def Hash(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("hash")
        return pb.HashResponse(header=self._header(answer), hash=answer["hash"])

    @answering
    async def HashKV(self, request: Any, context: Context) -> Any:
        answer = await self._gateway.ask("hash", at=request.revision)
        return pb.HashKVResponse(
            header=self._header(answer), hash=answer["hash"], compact_revision=answer["compact_revision"]
        )

    async def Snapshot(self, request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            answer = await self._gateway.ask("snapshot")
        except EtcdRefusal as error:
            await context.abort(_CODES[error.code], str(error))
        data, head = answer["data"], self._header(answer)
        body = len(data) - hashlib.sha256().digest_size
        for begin in range(0, body, _CHUNK):
            end = min(begin + _CHUNK, body)
            yield pb.SnapshotResponse(header=head, blob=data[begin:end], remaining_bytes=body - end)
        yield pb.SnapshotResponse(header=head, blob=data[body:], remaining_bytes=0)


class Watch(_Service, services.WatchServicer):  # type: ignore[misc]
    async def Watch(self, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        try:
            talk = await self._gateway.watch()
        except EtcdRefusal as error:
            await context.abort(_CODES[error.code], str(error))
        listening = asyncio.ensure_future(_listen(requests, talk))
        try:
            while (told := await talk.receive()) is not None:
                yield self._response(told)
        except EngineError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await talk.aclose()

    def _response(self, told: dict[str, Any]) -> Any:
        head = self._header(told)
        if "created" in told:
            return pb.WatchResponse(header=head, watch_id=told["created"], created=True)
        if "canceled" in told:
            return pb.WatchResponse(
                header=head,
                watch_id=told["canceled"],
                canceled=True,
                compact_revision=told["compacted"],
                cancel_reason=told["reason"],
            )
        if "events" in told:
            return pb.WatchResponse(header=head, watch_id=told["id"], events=map(event, told["events"]))
        return pb.WatchResponse(header=head, watch_id=-1)


async def _listen(requests: AsyncIterator[Any], talk: Duplex) -> None:
    """Hand the client's wishes on; its ids, or the next free one."""
    used = -1
    async for request in requests:
        kind = request.WhichOneof("request_union")
        if kind == "create_request":
            wish = request.create_request
            key, end = span(wish.key, wish.range_end)
            used = max(used + 1, wish.watch_id)
            filters = list(wish.filters)
            made = {"id": wish.watch_id or used, "key": key, "end": end, "start": wish.start_revision}
            await talk.send({"create": {**made, "prev_kv": wish.prev_kv, "filters": filters}})
        elif kind == "cancel_request":
            await talk.send({"cancel": request.cancel_request.watch_id})
        else:
            await talk.send({"progress": True})


def add_services(server: Any, gateway: Gateway) -> None:
    services.add_KVServicer_to_server(KV(gateway), server)
    services.add_WatchServicer_to_server(Watch(gateway), server)
    services.add_LeaseServicer_to_server(Lease(gateway), server)
    services.add_ClusterServicer_to_server(Cluster(gateway), server)
    services.add_MaintenanceServicer_to_server(Maintenance(gateway), server)
