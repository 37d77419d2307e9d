"""`ETCDCTL_API=2 etcdctl` on a machine: the older tree of directories and values, and the backup of a data directory.

As everywhere here the tree shows the v3 keys; a directory made by itself is the key "/dir/" (see playground/etcdapi).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.etcd.service import EtcdError
from cluster_core.simulation import etcdfiles, machinefiles
from cluster_core.simulation.commands_etcd import etcd_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.etcdarguments import Asked, split
from cluster_core.simulation.machinetools import Call, Ran


class _Refused(Exception):
    pass


def run(call: Call) -> Ran:
    asked = split(call.argv)
    verb = " ".join(asked.words[:2]) if asked.words[:1] == ["member"] else "".join(asked.words[:1])
    if verb == "backup":
        return _backup(call, asked)
    action = _ACTIONS.get(verb)
    if action is None:
        return Ran("", f"No help topic for '{verb}'\n", 3)
    if not control_of(call.cluster).is_running("etcd"):
        refused = "dial tcp 127.0.0.1:2379: connect: connection refused"
        return Ran("", f"Error:  client: etcd cluster is unavailable or misconfigured; error #0: {refused}\n\nerror #0: {refused}\n", 1)
    try:
        return Ran(action(call, asked))
    except (_Refused, EtcdError) as error:
        return Ran("", f"Error:  {error}\n", 4)
    except IndexError:
        return Ran("", "Error:  key required\n", 1)


def _ask(call: Call, op: str, **args: Any) -> dict[str, Any]:
    return etcd_of(call.cluster).call(op, args)


def _key(asked: Asked, place: int = 1) -> str:
    return "".join(f"/{part}" for part in asked.words[place].split("/") if part)


def _value(call: Call, key: str) -> str | None:
    found = _ask(call, "range", key=key)["kvs"] if key else []
    return found[0][1].decode("utf-8", "replace") if found else None


def _below(call: Call, key: str) -> list[str]:
    return [each[0] for each in _ask(call, "range", key=f"{key}/", end=f"{key}0", keys_only=True)["kvs"]]


def _refuse(call: Call, code: int, text: str, key: str) -> _Refused:
    return _Refused(f"{code}: {text} ({key or '/'}) [{call.cluster.revision}]")


def _get(call: Call, asked: Asked) -> str:
    key = _key(asked)
    value = _value(call, key)
    if value is not None:
        return f"{value}\n"
    if _below(call, key):
        return f"{key}: is a directory\n"
    raise _refuse(call, 100, "Key not found", key)


def _set(call: Call, asked: Asked) -> str:
    key, value = _key(asked), asked.words[2] if len(asked.words) > 2 else call.stdin.rstrip("\n")
    before = _value(call, key)
    if _below(call, key):
        raise _refuse(call, 102, "Not a file", key)
    if asked.option("swap-with-value") and asked.option("swap-with-value") != before:
        raise _Refused(f"101: Compare failed ([{asked.option('swap-with-value')} != {before}]) [{call.cluster.revision}]")
    lease = _ask(call, "grant", ttl=int(asked.option("ttl", "0")))["id"] if asked.option("ttl") else 0
    _ask(call, "put", key=key, value=value.encode(), lease=lease)
    return f"{value}\n"


def _mk(call: Call, asked: Asked) -> str:
    if _value(call, _key(asked)) is not None or _below(call, _key(asked)):
        raise _refuse(call, 105, "Key already exists", _key(asked))
    return _set(call, asked)


def _update(call: Call, asked: Asked) -> str:
    if _value(call, _key(asked)) is None:
        raise _refuse(call, 100, "Key not found", _key(asked))
    return _set(call, asked)


def _mkdir(call: Call, asked: Asked) -> str:
    key = _key(asked)
    if _value(call, key) is not None or _below(call, key):
        raise _refuse(call, 105, "Key already exists", key)
    _ask(call, "put", key=f"{key}/", value=b"")
    return ""


def _ls(call: Call, asked: Asked) -> str:
    key = _key(asked) if len(asked.words) > 1 else ""
    below = _below(call, key)
    if key and not below:
        if _value(call, key) is not None:
            return f"{key}\n"
        raise _refuse(call, 100, "Key not found", key)
    recursive = asked.option("recursive") or asked.option("r")
    found = {name for each in below for name in _shown(key, each, bool(recursive))}
    return "".join(f"{each}\n" for each in sorted(found))


def _shown(key: str, path: str, recursive: bool) -> list[str]:
    parts = [part for part in path[len(key) + 1 :].split("/") if part]
    depth = len(parts) if recursive else min(1, len(parts))
    return [f"{key}/{'/'.join(parts[: count + 1])}" for count in range(depth)]


def _rm(call: Call, asked: Asked) -> str:
    key = _key(asked)
    value, below = _value(call, key), _below(call, key)
    if value is None and not below:
        raise _refuse(call, 100, "Key not found", key)
    if value is None and not (asked.option("recursive") or asked.option("r") or asked.option("dir")):
        raise _refuse(call, 102, "Not a file", key)
    if value is not None:
        _ask(call, "delete", key=key)
        return f"PrevNode.Value: {value}\n"
    _ask(call, "delete", key=f"{key}/", end=f"{key}0")
    return ""


def _rmdir(call: Call, asked: Asked) -> str:
    key = _key(asked)
    below = _below(call, key)
    if [each for each in below if each != f"{key}/"]:
        raise _refuse(call, 108, "Directory not empty", key)
    if not below:
        raise _refuse(call, 100, "Key not found", key)
    _ask(call, "delete", key=f"{key}/")
    return ""


def _health(call: Call, asked: Asked) -> str:
    return f"member 8e9e05c52164694d is healthy: got healthy result from https://{call.machine.address}:2379\ncluster is healthy\n"


def _members(call: Call, asked: Asked) -> str:
    address = call.machine.address
    return f"8e9e05c52164694d: name={call.machine.name} peerURLs=https://{address}:2380 clientURLs=https://{address}:2379 isLeader=true\n"


def _backup(call: Call, asked: Asked) -> Ran:
    """A copy of a data directory, whether etcd runs on it or not: an etcd that is started on it goes on from there."""
    source, target = asked.option("data-dir").rstrip("/"), asked.option("backup-dir").rstrip("/")
    if not source or not target:
        return Ran("", "Error:  --data-dir and --backup-dir are required\n", 1)
    there = machinefiles.files(call.cluster, call.machine)
    if any(path.startswith(f"{target}/") for path in there):
        return Ran("", f"failed creating backup snapshot dir {target}/member/snap: file exists\n", 1)
    try:
        data = etcdfiles.contents(call.cluster, call.machine, source)
    except etcdfiles.NoData as error:
        return Ran("", f"{error}\n", 1)
    call.files[f"{target}/{etcdfiles.DATA}"] = etcdfiles.pack(data).encode()
    return Ran()


_ACTIONS: dict[str, Callable[[Call, Asked], str]] = {
    "get": _get,
    "set": _set,
    "mk": _mk,
    "update": _update,
    "mkdir": _mkdir,
    "setdir": _mkdir,
    "ls": _ls,
    "rm": _rm,
    "rmdir": _rmdir,
    "cluster-health": _health,
    "member list": _members,
}
