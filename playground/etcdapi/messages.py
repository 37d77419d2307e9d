"""Between etcd's protobuf messages and the plain data of cluster_core.etcd.service."""

from __future__ import annotations

from typing import Any

from aetcd.rpc import kv_pb2
from aetcd.rpc import rpc_pb2 as pb

from .gateway import Gateway
from .keys import span, text_of

TERM = 2
_TARGETS = {0: "version", 1: "create_revision", 2: "mod_revision", 3: "value", 4: "lease"}


def header(gateway: Gateway, revision: int) -> Any:
    return pb.ResponseHeader(
        cluster_id=gateway.cluster_id, member_id=gateway.member_id, revision=revision, raft_term=TERM
    )


def key_value(plain: list[Any] | None) -> Any:
    if plain is None:
        return None
    key, value, created, modified, version, lease = plain
    return kv_pb2.KeyValue(
        key=key.encode(), value=value, create_revision=created, mod_revision=modified, version=version, lease=lease
    )


# ---------------------------------------------------------------------------------------------------- requests


def range_args(request: Any) -> dict[str, Any]:
    key, end = span(request.key, request.range_end)
    bounds = [
        request.min_mod_revision,
        request.max_mod_revision,
        request.min_create_revision,
        request.max_create_revision,
    ]
    order = request.sort_order or (1 if request.sort_target else 0)
    return {
        "key": key,
        "end": end,
        "at": request.revision,
        "limit": request.limit,
        "order": order,
        "target": request.sort_target,
        "keys_only": request.keys_only,
        "count_only": request.count_only,
        **({"bounds": bounds} if any(bounds) else {}),
    }


def put_args(request: Any) -> dict[str, Any]:
    return {
        "key": text_of(request.key),
        "value": request.value,
        "lease": request.lease,
        "prev_kv": request.prev_kv,
        "ignore_value": request.ignore_value,
        "ignore_lease": request.ignore_lease,
    }


def delete_args(request: Any) -> dict[str, Any]:
    key, end = span(request.key, request.range_end)
    return {"key": key, "end": end, "prev_kv": request.prev_kv}


def txn_args(request: Any) -> dict[str, Any]:
    return {
        "compare": [_compare(each) for each in request.compare],
        "success": [_operation(each) for each in request.success],
        "failure": [_operation(each) for each in request.failure],
    }


def _compare(compare: Any) -> list[Any]:
    key, end = span(compare.key, compare.range_end)
    target = _TARGETS[compare.target]
    return [target, compare.result, key, end, getattr(compare, target)]


_OPERATIONS: dict[str, tuple[str, Any]] = {
    "request_range": ("range", range_args),
    "request_put": ("put", put_args),
    "request_delete_range": ("delete", delete_args),
    "request_txn": ("txn", txn_args),
}


def _operation(request: Any) -> list[Any]:
    field = request.WhichOneof("request")
    name, convert = _OPERATIONS[field]
    return [name, convert(getattr(request, field))]


# ---------------------------------------------------------------------------------------------------- answers


def range_response(gateway: Gateway, answer: dict[str, Any]) -> Any:
    kvs = map(key_value, answer["kvs"])
    head = header(gateway, answer["revision"])
    return pb.RangeResponse(header=head, kvs=kvs, more=answer["more"], count=answer["count"])


def put_response(gateway: Gateway, answer: dict[str, Any]) -> Any:
    return pb.PutResponse(header=header(gateway, answer["revision"]), prev_kv=key_value(answer["prev"]))


def delete_response(gateway: Gateway, answer: dict[str, Any]) -> Any:
    prevs = map(key_value, answer["prevs"])
    head = header(gateway, answer["revision"])
    return pb.DeleteRangeResponse(header=head, deleted=answer["deleted"], prev_kvs=prevs)


def txn_response(gateway: Gateway, answer: dict[str, Any]) -> Any:
    responses = [_response(gateway, name, each) for name, each in answer["responses"]]
    return pb.TxnResponse(
        header=header(gateway, answer["revision"]), succeeded=answer["succeeded"], responses=responses
    )


_RESPONSES: dict[str, tuple[str, Any]] = {
    "range": ("response_range", range_response),
    "put": ("response_put", put_response),
    "delete": ("response_delete_range", delete_response),
    "txn": ("response_txn", txn_response),
}


def _response(gateway: Gateway, name: str, answer: dict[str, Any]) -> Any:
    field, convert = _RESPONSES[name]
    return pb.ResponseOp(**{field: convert(gateway, answer)})


def event(plain: list[Any]) -> Any:
    revision, key, new, old = plain
    kv = key_value(new) if new is not None else kv_pb2.KeyValue(key=key.encode(), mod_revision=revision)
    kind = kv_pb2.Event.PUT if new is not None else kv_pb2.Event.DELETE
    return kv_pb2.Event(type=kind, kv=kv, prev_kv=key_value(old))
