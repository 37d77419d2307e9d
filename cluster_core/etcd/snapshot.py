"""A store as one file, and a file as a store's contents.

The format is ours: a line that says so, a JSON head, one record per key, zeros up to a multiple of 512 bytes and a SHA-256
of it all, which is how etcd ends its snapshots and what `etcdctl snapshot save` looks for.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any, NamedTuple

import orjson

from cluster_core.etcd.store import KeyValue, Store

MAGIC = b"cluster-playground etcd snapshot 1\n"
_BLOCK = 512
_RECORD = struct.Struct(">IIQQQQ")
"""Length of key and value; create and mod revision, version, lease."""


class SnapshotError(ValueError):
    """These bytes are no whole snapshot."""


class Contents(NamedTuple):
    """What was in a snapshot."""

    revision: int
    values: list[KeyValue]
    parts: dict[str, Any]
    """What went along with it: leases."""


def save(store: Store, parts: dict[str, Any] | None = None) -> bytes:
    """Everything there is now, without history."""
    values = store.range("", "\0")
    head = orjson.dumps({"revision": store.revision, "keys": len(values), "parts": parts or {}})
    body = b"".join((MAGIC, head, b"\n", *map(_record, values)))
    body += bytes(-len(body) % _BLOCK)
    return body + hashlib.sha256(body).digest()


def _record(found: KeyValue) -> bytes:
    key = found.key.encode()
    numbers = (found.create_revision, found.mod_revision, found.version, found.lease)
    return _RECORD.pack(len(key), len(found.value), *numbers) + key + found.value


def read(data: bytes) -> Contents:
    """Raises SnapshotError."""
    body, digest = data[:-32], data[-32:]
    if not body.startswith(MAGIC):
        raise SnapshotError("this is no snapshot of a playground's etcd")
    if hashlib.sha256(body).digest() != digest:
        raise SnapshotError("the snapshot is incomplete or damaged: its checksum does not match")
    end = body.index(b"\n", len(MAGIC))
    head = orjson.loads(body[len(MAGIC) : end])
    values, position = [], end + 1
    for _ in range(head["keys"]):
        value, position = _read_record(body, position)
        values.append(value)
    return Contents(head["revision"], values, head["parts"])


def _read_record(body: bytes, position: int) -> tuple[KeyValue, int]:
    key_size, value_size, create, mod, version, lease = _RECORD.unpack_from(body, position)
    begin = position + _RECORD.size
    middle, end = begin + key_size, begin + key_size + value_size
    return KeyValue(body[begin:middle].decode(), body[middle:end], create, mod, version, lease), end


def restore(store: Store, contents: Contents) -> int:
    """Bring the store back to the contents, in one revision: history only goes forward, as with `--bump-revision`.
    Answers how many keys it changed."""
    wanted = {value.key: value for value in contents.values}
    changed = 0
    with store.together():
        for found in store.range("", "\0"):
            if found.key not in wanted:
                store.delete(found.key)
                changed += 1
        for key, value in wanted.items():
            now = store.get(key)
            if now is None or now.value != value.value or now.lease != value.lease:
                store.put(key, value.value, lease=value.lease)
                changed += 1
    return changed
