"""etcdctl's commands about keys and leases: get, put, del, txn, lease, compaction. Models etcdctl/ctlv3/command."""

from __future__ import annotations

import re
import shlex
from typing import Any

from cluster_core.etcd.service import EtcdError
from cluster_core.etcd.store import prefix_end
from cluster_core.simulation import etcdprinting
from cluster_core.simulation.commands_etcd import etcd_of
from cluster_core.simulation.etcdarguments import Asked, split
from cluster_core.simulation.machinetools import Call, Ran

_ORDERS = {"": 0, "ASCEND": 1, "DESCEND": 2}
_TARGETS = {"": 0, "KEY": 0, "VERSION": 1, "CREATE": 2, "MODIFY": 3, "VALUE": 4}


class Misused(Exception):
    """What the command says of its arguments."""


def _bounds(asked: Asked, key: str, end: str = "") -> dict[str, Any]:
    """Raises Misused."""
    prefix, from_key = "prefix" in asked.options, "from-key" in asked.options
    if prefix and from_key:
        raise Misused("`--prefix` and `--from-key` cannot be set at the same time, choose one")
    if end and (prefix or from_key):
        raise Misused("too many arguments, only accept one argument when `--prefix` or `--from-key` is set")
    if prefix:
        return {"key": key or "\0", "end": prefix_end(key) if key else "\0"}
    if from_key:
        return {"key": key or "\0", "end": "\0"}
    return {"key": key, "end": end}


def _number(asked: Asked, name: str, base: int = 10) -> int:
    text = asked.option(name, "0")
    try:
        return int(text, base)
    except ValueError:
        raise Misused(f'invalid argument "{text}" for "--{name}" flag: strconv.ParseInt: parsing "{text}": invalid syntax') from None


def get(call: Call, asked: Asked) -> Ran:
    """Raises Misused."""
    words = asked.words[1:]
    if not 1 <= len(words) <= 2:
        raise Misused("get command needs one argument as key and an optional argument as range_end")
    form, order, target = asked.option("write-out"), asked.option("order").upper(), asked.option("sort-by").upper()
    if "count-only" in asked.options and form not in ("fields", "json"):
        raise Misused("--count-only is only for `--write-out=fields`")
    if order not in _ORDERS:
        raise Misused(f"bad sort order {asked.option('order')}")
    if target not in _TARGETS:
        raise Misused(f"bad sort target {asked.option('sort-by')}")
    ask = {**_bounds(asked, words[0], words[1] if len(words) > 1 else ""), "at": _number(asked, "rev"), "limit": _number(asked, "limit")}
    ask |= {"order": _ORDERS[order] or int(bool(target)), "target": _TARGETS[target]}
    found = etcd_of(call.cluster).call("range", {**ask, "keys_only": "keys-only" in asked.options, "count_only": "count-only" in asked.options})
    return Ran(etcdprinting.answer_to_get(found, form, asked.options))


def put(call: Call, asked: Asked) -> Ran:
    """Raises Misused."""
    words = asked.words[1:]
    if not words or len(words) > 2 or (len(words) == 1 and not call.stdin and "ignore-value" not in asked.options):
        raise Misused("put command needs 1 argument and input from stdin or 2 arguments")
    value = words[1] if len(words) > 1 else call.stdin.removesuffix("\n")
    args = {"key": words[0], "value": value.encode(), "lease": _number(asked, "lease", 16), "prev_kv": "prev-kv" in asked.options,
            "ignore_value": "ignore-value" in asked.options, "ignore_lease": "ignore-lease" in asked.options}  # fmt: skip
    answer = etcd_of(call.cluster).call("put", args)
    return Ran(etcdprinting.answer_to_change(answer["revision"], asked.option("write-out"), [answer["prev"]] if answer["prev"] else []))


def delete(call: Call, asked: Asked) -> Ran:
    """Raises Misused."""
    words = asked.words[1:]
    if not 1 <= len(words) <= 2:
        raise Misused("del command needs one argument as key and an optional argument as range_end")
    answer = etcd_of(call.cluster).call("delete", {**_bounds(asked, words[0], words[1] if len(words) > 1 else ""), "prev_kv": "prev-kv" in asked.options})
    return Ran(etcdprinting.answer_to_change(answer["revision"], asked.option("write-out"), answer["prevs"], answer["deleted"]))


def compact(call: Call, asked: Asked) -> Ran:
    """Raises Misused."""
    if len(asked.words) != 2 or not asked.words[1].isdigit():
        raise Misused("compaction command needs 1 argument")
    etcd_of(call.cluster).call("compact", {"at": int(asked.words[1])})
    return Ran(f"compacted revision {asked.words[1]}\n")


# ---------------------------------------------------------------------------------------------------- leases


def lease(call: Call, asked: Asked) -> Ran:
    """Raises Misused."""
    etcd, words = etcd_of(call.cluster), asked.words[1:]
    verb = words[0] if words else ""
    if verb == "list":
        ids = etcd.call("leases", {})["ids"]
        return Ran(f"found {len(ids)} leases\n" + "".join(f"{each:016x}\n" for each in ids))
    if verb not in ("grant", "revoke", "timetolive", "keep-alive"):
        raise Misused(f'unknown command "{verb}" for "etcdctl lease"')
    if len(words) < 2:
        raise Misused(f"lease {verb} command needs {'TTL' if verb == 'grant' else 'lease ID as'} argument")
    if verb == "grant":
        if not words[1].isdigit():
            raise Misused(f'bad TTL (strconv.ParseInt: parsing "{words[1]}": invalid syntax)')
        made = etcd.call("grant", {"ttl": int(words[1])})
        return Ran(f"lease {made['id']:016x} granted with TTL({made['ttl']}s)\n")
    return _of_lease(call, asked, verb, words[1])


def _of_lease(call: Call, asked: Asked, verb: str, text: str) -> Ran:
    etcd = etcd_of(call.cluster)
    try:
        number = int(text, 16)
    except ValueError:
        raise Misused(f'bad lease ID arg (strconv.ParseInt: parsing "{text}": invalid syntax), expecting ID in Hex') from None
    if verb == "revoke":
        etcd.call("revoke", {"id": number})
        return Ran(f"lease {number:016x} revoked\n")
    if verb == "keep-alive":
        return Ran(f"lease {number:016x} keepalived with TTL({etcd.call('keep-alive', {'id': number})['ttl']})\n")
    found = etcd.call("time-to-live", {"id": number})
    if not found["granted"]:
        return Ran(f"lease {number:016x} already expired\n")
    keys = ""
    if "keys" in asked.options:
        held = [each[0] for each in etcd.call("range", {"key": "\0", "end": "\0", "keys_only": True})["kvs"] if each[5] == number]
        keys = f", attached keys([{' '.join(held)}])"
    return Ran(f"lease {number:016x} granted with TTL({found['granted']}s), remaining({found['ttl']}s){keys}\n")


# ---------------------------------------------------------------------------------------------------- transactions

_COMPARE = re.compile(r'(value|mod|ver|create|lease|version)\("((?:[^"\\]|\\.)*)"\)\s*([<>=])\s*"?([^"]*)"?')
_FIELDS = {"value": "value", "mod": "mod_revision", "create": "create_revision", "ver": "version", "version": "version", "lease": "lease"}
_RESULTS = {"=": 0, ">": 1, "<": 2}


def txn(call: Call, asked: Asked) -> Ran:
    """Compares, then what to do when they hold, then what otherwise: in paragraphs, from standard input."""
    paragraphs = [[line.strip() for line in part.splitlines() if line.strip()] for part in (call.stdin.strip("\n") + "\n\n\n\n").split("\n\n")]
    compares, success, failure = paragraphs[0], paragraphs[1], paragraphs[2]
    answer = etcd_of(call.cluster).call(
        "txn", {"compare": [_comparison(line) for line in compares], "success": [_request(line) for line in success], "failure": [_request(line) for line in failure]}
    )
    lines = ["SUCCESS" if answer["succeeded"] else "FAILURE"]
    for operation, each in answer["responses"]:
        lines.append("")
        if operation == "range":
            lines += [text for kv in each["kvs"] for text in (kv[0], kv[1].decode("utf-8", "replace"))]
        else:
            lines.append("OK" if operation == "put" else str(each["deleted"]))
    return Ran("\n".join(lines) + "\n")


def _comparison(line: str) -> list[Any]:
    match = _COMPARE.fullmatch(line)
    if match is None:
        raise EtcdError(3, f'malformed comparison: {line}; got "{line}"')
    field = _FIELDS[match[1]]
    return [field, _RESULTS[match[3]], match[2], "", match[4].encode() if field == "value" else int(match[4])]


def _request(line: str) -> list[Any]:
    words = split(shlex.split(line))
    verb, *rest = words.words
    if verb == "put":
        return ["put", {"key": rest[0], "value": rest[1].encode()}]
    if verb in ("get", "del"):
        return ["range" if verb == "get" else "delete", _bounds(words, rest[0])]
    raise EtcdError(3, f"invalid txn request: {line}")
