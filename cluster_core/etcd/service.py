"""What etcd's clients can ask for, as plain data: range, put, delete, txn, compaction, leases, hashes, snapshots.

Models server/etcdserver/apply.go, api/v3rpc/key.go and v3rpc/rpctypes. A key-value is a list [key, value, create revision,
mod revision, version, lease]; keys are text (what is not UTF-8 is refused at the wire).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cluster_core.etcd import snapshot
from cluster_core.etcd.leases import NOT_FOUND, LeaseError, Leases
from cluster_core.etcd.store import CompactedError, FutureRevisionError, KeyValue, Store

Args = Mapping[str, Any]
Answer = dict[str, Any]
INVALID, MISSING, EXISTS, PRECONDITION, OUT_OF_RANGE, UNAVAILABLE = 3, 5, 6, 9, 11, 14
"""The gRPC codes in use."""
MAX_OPERATIONS = 128
MAX_BYTES = 1_572_864
_SORT_TARGETS: tuple[Callable[[KeyValue], Any], ...] = (
    lambda found: found.key,
    lambda found: found.version,
    lambda found: found.create_revision,
    lambda found: found.mod_revision,
    lambda found: found.value,
)


class EtcdError(Exception):
    """A refusal: gRPC code and etcd's message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Etcd(NamedTuple):
    """The server: its keys and its leases."""

    store: Store
    leases: Leases
    heard: Callable[[str, Args], None] = lambda operation, args: None
    """Is told of every operation that was carried out."""

    def call(self, operation: str, args: Args) -> Answer:
        """Do one operation; the answer carries the revision. Raises EtcdError."""
        try:
            answer = OPERATIONS[operation](self, args)
        except (CompactedError, FutureRevisionError) as error:
            raise EtcdError(OUT_OF_RANGE, str(error)) from error
        except LeaseError as error:
            code = MISSING if str(error) == NOT_FOUND else PRECONDITION if "exists" in str(error) else OUT_OF_RANGE
            raise EtcdError(code, str(error)) from error
        self.heard(operation, args)
        return {"revision": self.store.revision, **answer}


def plain(found: KeyValue) -> list[Any]:
    return [found.key, found.value, found.create_revision, found.mod_revision, found.version, found.lease]


# ---------------------------------------------------------------------------------------------------- keys


def _range(etcd: Etcd, args: Args) -> Answer:
    found = etcd.store.range(args["key"], args.get("end", ""), max(args.get("at", 0), 0))
    count = len(found)
    found = [each for each in found if _within(each, args.get("bounds"))]
    if args.get("order"):
        found = sorted(found, key=_SORT_TARGETS[args.get("target", 0)], reverse=args["order"] == 2)
    limit = args.get("limit", 0)
    more = bool(limit) and len(found) > limit
    shown = [] if args.get("count_only") else found[: limit or None]
    if args.get("keys_only"):
        shown = [each._replace(value=b"") for each in shown]
    return {"kvs": [plain(each) for each in shown], "count": count, "more": more}


def _within(found: KeyValue, bounds: Any) -> bool:
    """(least mod, most mod, least create, most create) revision; 0: no bound."""
    if not bounds:
        return True
    least_mod, most_mod, least_create, most_create = bounds
    mod, create = found.mod_revision, found.create_revision
    return (
        mod >= least_mod
        and create >= least_create
        and (not most_mod or mod <= most_mod)
        and (not most_create or create <= most_create)
    )


def _put(etcd: Etcd, args: Args) -> Answer:
    _check_put(etcd, args)
    before = etcd.store.get(args["key"])
    ignore_value, ignore_lease = args.get("ignore_value"), args.get("ignore_lease")
    if before is None and (ignore_value or ignore_lease):
        raise EtcdError(INVALID, "etcdserver: key not found")
    value = before.value if ignore_value and before else args["value"]
    lease = before.lease if ignore_lease and before else args.get("lease", 0)
    etcd.store.put(args["key"], value, lease=lease)
    return {"prev": plain(before) if before is not None and args.get("prev_kv") else None}


def _check_put(etcd: Etcd, args: Args) -> None:
    if not args["key"]:
        raise EtcdError(INVALID, "etcdserver: key is not provided")
    if len(args["key"]) + len(args["value"]) > MAX_BYTES:
        raise EtcdError(INVALID, "etcdserver: request is too large")
    if args.get("lease") and etcd.leases.get(args["lease"]) is None:
        raise EtcdError(MISSING, NOT_FOUND)


def _delete(etcd: Etcd, args: Args) -> Answer:
    if not args["key"] and not args.get("end"):
        raise EtcdError(INVALID, "etcdserver: key is not provided")
    removed = etcd.store.delete_range(args["key"], args.get("end", ""))
    return {"deleted": len(removed), "prevs": [plain(each) for each in removed] if args.get("prev_kv") else []}


# ---------------------------------------------------------------------------------------------------- transactions


def _txn(etcd: Etcd, args: Args) -> Answer:
    """compare: [[target, result, key, end, value]...]; success and failure: [[operation, args]...]."""
    _check_txn(args)
    if args.get("nested"):
        return _branches(etcd, args)
    with etcd.store.together():
        return _branches(etcd, args)


def _branches(etcd: Etcd, args: Args) -> Answer:
    succeeded = all(_compare(etcd.store, each) for each in args["compare"])
    chosen = args["success"] if succeeded else args["failure"]
    for operation, each in chosen:  # nothing is written unless all can be
        if operation == "put":
            _check_put(etcd, each)
    answers = [[op, etcd.call(op, {**each, "nested": True} if op == "txn" else each)] for op, each in chosen]
    return {"succeeded": succeeded, "responses": answers}


def _check_txn(args: Args) -> None:
    if max(len(args["compare"]), len(args["success"]), len(args["failure"])) > MAX_OPERATIONS:
        raise EtcdError(INVALID, "etcdserver: too many operations in txn request")
    for branch in (args["success"], args["failure"]):
        keys = [each["key"] for operation, each in branch if operation == "put"]
        ranges = [(each["key"], each.get("end", "")) for operation, each in branch if operation == "delete"]
        if len(set(keys)) < len(keys) or any(_covers(each, key) for each in ranges for key in keys):
            raise EtcdError(INVALID, "etcdserver: duplicate key given in txn request")


def _covers(bounds: tuple[str, str], key: str) -> bool:
    start, end = bounds
    return key == start if not end else start <= key and (end == "\0" or key < end)


def _compare(store: Store, given: Any) -> bool:
    target, result, key, end, value = given
    found = store.range(key, end)
    if not found:
        if target == "value":
            return False  # a key that is not there has no value to compare
        found = [] if end else [KeyValue(key, b"", 0, 0, 0)]
    return all(_holds(each, target, result, value) for each in found)


def _holds(found: KeyValue, target: str, result: int, value: Any) -> bool:
    actual: Any = getattr(found, target)
    return bool((actual == value, actual > value, actual < value, actual != value)[result])


# ---------------------------------------------------------------------------------------------------- watching


def _events(etcd: Etcd, args: Args) -> Answer:
    """The changes in (after, until] of keys in one of the ranges: [[revision, key, new or None, old or None]...]."""
    found = etcd.store.events_after(args["after"], args["until"])
    ranges = args["ranges"]
    chosen = [event for event in found if any(_covers((start, end), event.key) for start, end in ranges)]
    return {
        "events": [
            [event.revision, event.key, event.new and plain(event.new), event.old and plain(event.old)] for event in chosen
        ]
    }


def _history(etcd: Etcd, args: Args) -> Answer:
    """The versions of one key since the last compaction, newest first: their revisions, and whether it was removed there."""
    found = [event for event in etcd.store.events_after(etcd.store.compact_revision) if event.key == args["key"]]
    versions = [{"revision": event.revision, "version": event.new.version if event.new else 0} for event in reversed(found)]
    return {"versions": versions[:100]}


# ---------------------------------------------------------------------------------------------------- upkeep


def _compact(etcd: Etcd, args: Args) -> Answer:
    if args["at"] <= etcd.store.compact_revision:
        raise CompactedError(etcd.store.compact_revision)
    etcd.store.compact(args["at"])
    return {}


def _hash(etcd: Etcd, args: Args) -> Answer:
    at = args.get("at") or etcd.store.revision
    digest = 0
    for found in etcd.store.range("", "\0", at):
        digest = zlib.crc32(b"%b\0%d\0" % (found.key.encode(), found.mod_revision) + found.value, digest)
    return {"hash": digest, "compact_revision": etcd.store.compact_revision, "at": at}


def _status(etcd: Etcd, args: Args) -> Answer:
    size = sum(len(found.key) + len(found.value) for found in etcd.store.range("", "\0"))
    blocks = -(-size // 4096) * 4096
    return {"size": blocks + 20480, "in_use": blocks + 16384, "keys": len(etcd.store)}


def _snapshot(etcd: Etcd, args: Args) -> Answer:
    return {"data": snapshot.save(etcd.store, {"leases": etcd.leases.dump()})}


def _restore(etcd: Etcd, args: Args) -> Answer:
    try:
        contents = snapshot.read(args["data"])
    except snapshot.SnapshotError as error:
        raise EtcdError(INVALID, str(error)) from error
    known = {each["id"]: each for each in (contents.parts.get("leases") or {}).get("leases", ())}
    for lease_id, lease in known.items():
        if etcd.leases.get(lease_id) is None:
            etcd.leases.grant(lease["ttl"], lease_id)
    return {"changed": snapshot.restore(etcd.store, contents), "keys": len(contents.values)}


# ---------------------------------------------------------------------------------------------------- leases


def _grant(etcd: Etcd, args: Args) -> Answer:
    lease = etcd.leases.grant(args["ttl"], args.get("id", 0))
    return {"id": lease.id, "ttl": lease.ttl}


def _revoke(etcd: Etcd, args: Args) -> Answer:
    etcd.leases.revoke(args["id"])
    return {}


def _keep_alive(etcd: Etcd, args: Args) -> Answer:
    return {"id": args["id"], "ttl": etcd.leases.keep_alive(args["id"])}


def _time_to_live(etcd: Etcd, args: Args) -> Answer:
    lease = etcd.leases.get(args["id"])
    if lease is None:
        return {"id": args["id"], "ttl": -1, "granted": 0, "keys": []}
    keys = etcd.leases.keys(lease.id) if args.get("keys") else []
    return {"id": lease.id, "ttl": etcd.leases.remaining(lease), "granted": lease.ttl, "keys": keys}


def _leases(etcd: Etcd, args: Args) -> Answer:
    return {"ids": etcd.leases.ids()}


OPERATIONS: dict[str, Callable[[Etcd, Args], Answer]] = {
    "range": _range,
    "put": _put,
    "delete": _delete,
    "txn": _txn,
    "events": _events,
    "history": _history,
    "compact": _compact,
    "hash": _hash,
    "status": _status,
    "snapshot": _snapshot,
    "restore": _restore,
    "grant": _grant,
    "revoke": _revoke,
    "keep-alive": _keep_alive,
    "time-to-live": _time_to_live,
    "leases": _leases,
}
