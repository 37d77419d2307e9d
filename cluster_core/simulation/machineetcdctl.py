"""`etcdctl` (API 3) and `etcdutl` on a machine: in process, with the real tools' words and output.

Online commands reach etcd over TLS as the real ones do: with --cacert, --cert and --key or the ETCDCTL_* variables that root's
shell on the control plane has. Offline ones (snapshot restore|status, backup) work on the machine's files.
"""

from __future__ import annotations

import re
import shlex
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from cluster_core.etcd import snapshot
from cluster_core.etcd.service import EtcdError
from cluster_core.etcd.store import prefix_end
from cluster_core.machines import certificates
from cluster_core.machines.rendering import PKI
from cluster_core.simulation import etcdfiles, machineetcdctl2, machinefiles
from cluster_core.simulation.clientaccess import control_files
from cluster_core.simulation.commands_etcd import etcd_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.simulation.options import options_of

ENVIRONMENT = {
    "ETCDCTL_API": "3",
    "ETCDCTL_ENDPOINTS": "https://127.0.0.1:2379",
    "ETCDCTL_CACERT": f"{PKI}/etcd/ca.crt",
    "ETCDCTL_CERT": f"{PKI}/etcd/server.crt",
    "ETCDCTL_KEY": f"{PKI}/etcd/server.key",
}
"""What root's shell on the control plane's machine has, so that plain commands work."""
VERSION = "3.6.8"
MEMBER = "8e9e05c52164694d"
_FALSE = frozenset(("prefix", "keys-only", "print-value-only", "from-key", "hex", "skip-hash-check", "force", "interactive", "i", "prev-kv", "count-only", "debug", "recursive", "sort", "mark-compacted", "insecure-skip-tls-verify", "insecure-transport", "lease-revoke", "cluster", "r", "p"))
_SHORT = {"w": "write-out", "i": "interactive"}


class Asked(NamedTuple):
    """A command line taken apart."""

    words: list[str]
    options: dict[str, str]

    def option(self, name: str, otherwise: str = "") -> str:
        return self.options.get(name, otherwise)


def split(argv: Sequence[str]) -> Asked:
    words: list[str] = []
    options: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = _SHORT.get(name, name)
        if not equals and name not in _FALSE and rest:
            value, equals = rest.pop(0), "="
        options[name] = value if equals else "true"
    return Asked(words, options)


@tool("etcdctl", "etcdutl")
def _etcdctl(call: Call) -> Ran:
    environment = call.env or ENVIRONMENT
    if call.name == "etcdctl" and environment.get("ETCDCTL_API", "3") == "2":
        return machineetcdctl2.run(call)
    asked = split(call.argv)
    offline = _OFFLINE.get(" ".join(asked.words[:2])) or _OFFLINE.get(" ".join(asked.words[:1]))
    if offline is not None:
        return offline(call, asked)
    if asked.words[:1] == ["version"]:
        return Ran(f"etcdctl version: {VERSION}\nAPI version: 3.6\n")
    action = _ONLINE.get(" ".join(asked.words[:2])) or _ONLINE.get(" ".join(asked.words[:1]))
    if action is None:
        return Ran("", f'Error: unknown command "{" ".join(asked.words)}" for "{call.name}"\n', 1)
    problem = unreached(call, asked, environment)
    if problem:
        return Ran("", problem, 1)
    try:
        return action(call, asked)
    except EtcdError as error:
        return Ran("", f"Error: {error}\n", 1)
    except (IndexError, ValueError):
        return Ran("", f"Error: {' '.join(asked.words)} command needs other arguments\n", 128)


# ---------------------------------------------------------------------------------------------------- the way there


def files_of(call: Call) -> Mapping[str, str]:
    """What it sees: the machine's files, or its container's."""
    return call.seen if call.seen is not None else machinefiles.files(call.cluster, call.machine)


def endpoints(asked: Asked, environment: Mapping[str, str]) -> list[str]:
    return (asked.option("endpoints") or environment.get("ETCDCTL_ENDPOINTS") or "127.0.0.1:2379").split(",")


def unreached(call: Call, asked: Asked, environment: Mapping[str, str]) -> str:
    """What the client prints because it gets no answer from any endpoint; "" when it gets one."""
    papers = {name: asked.option(name) or environment.get(f"ETCDCTL_{name.upper()}", "") for name in ("cacert", "cert", "key")}
    there = files_of(call)
    for path in papers.values():
        if path and path not in there:
            return f"Error: open {path}: no such file or directory\n"
    if papers["cert"]:
        problem = certificates.files_problem(there, papers["cert"], papers["key"])
        if problem:
            return f"Error: {problem}\n"
    texts = {name: there.get(path, "") for name, path in papers.items()}
    why = [_why_not(call, endpoint, texts) for endpoint in endpoints(asked, environment)]
    if "" in why:
        return ""
    log = {"level": "warn", "msg": "retrying of unary invoker failed", "target": f"etcd-endpoints://{endpoints(asked, environment)[0]}",
           "attempt": 0, "error": f"rpc error: code = DeadlineExceeded desc = latest balancer error: {why[0]}"}  # fmt: skip
    return f"{orjson.dumps(log).decode()}\nError: context deadline exceeded\n"


def _why_not(call: Call, endpoint: str, papers: Mapping[str, str]) -> str:
    parts = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
    etcd = options_of(call.cluster, "etcd")
    machine = park_of(call.cluster).get(CONTROL_PLANE)
    host = "127.0.0.1" if parts.hostname in ("localhost", "127.0.0.1") else parts.hostname or ""
    here = call.machine.name == CONTROL_PLANE or host != "127.0.0.1"
    listening = {(_local(each.hostname), each.netloc.rpartition(":")[2]): each.scheme for each in map(urlsplit, etcd.get("listen-client-urls", "").split(","))}
    host = machine.address if machine is not None and host == machine.name else host
    scheme = listening.get((host, parts.netloc.rpartition(":")[2])) or listening.get(("0.0.0.0", parts.netloc.rpartition(":")[2]))
    if not here or scheme is None or not control_of(call.cluster).is_running("etcd"):
        return f"connection error: dial tcp {parts.netloc}: connect: connection refused"
    if scheme != parts.scheme:
        return "connection error: error reading server preface: EOF"
    return "" if scheme == "http" else _handshake(call, etcd, papers)


def _local(host: str | None) -> str:
    return "127.0.0.1" if host == "localhost" else host or ""


def _handshake(call: Call, etcd: Mapping[str, str], papers: Mapping[str, str]) -> str:
    there = control_files(call.cluster)
    if not certificates.is_signed_by(there.get(etcd.get("cert-file", ""), ""), papers["cacert"]):
        return f"connection error: authentication handshake failed: {certificates.UNKNOWN_AUTHORITY}"
    needed = etcd.get("client-cert-auth") == "true"
    if needed and not certificates.is_signed_by(papers["cert"], there.get(etcd.get("trusted-ca-file", ""), "")):
        return "connection error: authentication handshake failed: remote error: tls: certificate required"
    return ""


# ---------------------------------------------------------------------------------------------------- keys


def _bounds(asked: Asked, key: str, end: str = "") -> dict[str, Any]:
    if "prefix" in asked.options:
        return {"key": key, "end": prefix_end(key)}
    return {"key": key, "end": "\0" if "from-key" in asked.options else end}


_ORDERS = {"ASCEND": 1, "DESCEND": 2}
_TARGETS = {"KEY": 0, "VERSION": 1, "CREATE": 2, "MODIFY": 3, "VALUE": 4}


def _get(call: Call, asked: Asked) -> Ran:
    key, *rest = asked.words[1:]
    ask: dict[str, Any] = {**_bounds(asked, key, rest[0] if rest else ""), "at": int(asked.option("rev", "0")), "limit": int(asked.option("limit", "0"))}
    ask |= {"order": _ORDERS.get(asked.option("order").upper(), 0), "target": _TARGETS.get(asked.option("sort-by").upper(), 0)}
    found = etcd_of(call.cluster).call("range", {**ask, "keys_only": "keys-only" in asked.options, "count_only": "count-only" in asked.options})
    if asked.option("write-out") == "json":
        return Ran(_as_json(found))
    if asked.option("write-out") == "fields":
        return Ran(f'"Revision" : {found["revision"]}\n"Count" : {found["count"]}\n')
    lines: list[str] = []
    for name, value, *_ in found["kvs"]:
        text = value.decode("utf-8", "replace")
        lines += [text] if "print-value-only" in asked.options else [name, text]
    return Ran("".join(f"{line}\n" for line in lines))


def _as_json(found: Mapping[str, Any]) -> str:
    import base64

    kvs = [
        {"key": base64.b64encode(key.encode()).decode(), "create_revision": created, "mod_revision": modified, "version": version, "value": base64.b64encode(value).decode()}
        for key, value, created, modified, version, _ in found["kvs"]
    ]
    return orjson.dumps({"header": {"revision": found["revision"], "raft_term": 2}, "kvs": kvs, "count": found["count"]}).decode() + "\n"


def _put(call: Call, asked: Asked) -> Ran:
    key, *rest = asked.words[1:]
    value = rest[0] if rest else call.stdin.rstrip("\n")
    lease = int(asked.option("lease", "0"), 16)
    answer = etcd_of(call.cluster).call("put", {"key": key, "value": value.encode(), "lease": lease, "prev_kv": "prev-kv" in asked.options})
    before = answer["prev"]
    return Ran("OK\n" + (f"{before[0]}\n{before[1].decode('utf-8', 'replace')}\n" if before else ""))


def _del(call: Call, asked: Asked) -> Ran:
    key, *rest = asked.words[1:]
    return Ran(f"{etcd_of(call.cluster).call('delete', _bounds(asked, key, rest[0] if rest else ''))['deleted']}\n")


def _compaction(call: Call, asked: Asked) -> Ran:
    etcd_of(call.cluster).call("compact", {"at": int(asked.words[1])})
    return Ran(f"compacted revision {asked.words[1]}\n")


def _lease(call: Call, asked: Asked) -> Ran:
    etcd, words = etcd_of(call.cluster), asked.words[1:]
    if words[0] == "grant":
        made = etcd.call("grant", {"ttl": int(words[1])})
        return Ran(f"lease {made['id']:x} granted with TTL({made['ttl']}s)\n")
    if words[0] == "revoke":
        etcd.call("revoke", {"id": int(words[1], 16)})
        return Ran(f"lease {words[1]} revoked\n")
    if words[0] == "timetolive":
        found = etcd.call("time-to-live", {"id": int(words[1], 16)})
        known = f"granted with TTL({found['granted']}s), remaining({found['ttl']}s)" if found["granted"] else "already expired"
        return Ran(f"lease {words[1]} {known}\n")
    if words[0] == "keep-alive":
        return Ran(f"lease {words[1]} keepalived with TTL({etcd.call('keep-alive', {'id': int(words[1], 16)})['ttl']})\n")
    ids = etcd.call("leases", {})["ids"]
    return Ran(f"found {len(ids)} leases\n" + "".join(f"{each:x}\n" for each in ids))


# ---------------------------------------------------------------------------------------------------- transactions

_COMPARE = re.compile(r'(value|mod|ver|create|lease|version)\("((?:[^"\\]|\\.)*)"\)\s*([<>=])\s*"?([^"]*)"?')
_FIELDS = {"value": "value", "mod": "mod_revision", "create": "create_revision", "ver": "version", "version": "version", "lease": "lease"}
_RESULTS = {"=": 0, ">": 1, "<": 2}


def _txn(call: Call, asked: Asked) -> Ran:
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


# ---------------------------------------------------------------------------------------------------- the server


def _health(call: Call, asked: Asked) -> Ran:
    found = endpoints(asked, call.env or ENVIRONMENT)
    return Ran("".join(f"{each} is healthy: successfully committed proposal: took = 2.1ms\n" for each in found))


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], layout: str) -> str:
    """As comma-separated lines, or as the table that -w table draws."""
    if layout != "table":
        return "".join(", ".join(row) + "\n" for row in rows)
    widths = [max(len(line[index]) for line in (names, *rows)) for index in range(len(names))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    lines = ["|" + "|".join(f" {cell:{width}} " for cell, width in zip(line, widths, strict=True)) + "|\n" for line in (names, *rows)]
    return f"{rule}{lines[0]}{rule}{''.join(lines[1:])}{rule}"


def _status(call: Call, asked: Asked) -> Ran:
    status = etcd_of(call.cluster).call("status", {})
    row = [MEMBER, VERSION, f"{status['size'] // 1024} kB", "true", "false", "2", str(status["revision"])]
    rows = [[each, *row] for each in endpoints(asked, call.env or ENVIRONMENT)]
    names = ["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX"]
    return Ran(_table(names, rows, asked.option("write-out")))


def _members(call: Call, asked: Asked) -> Ran:
    etcd = options_of(call.cluster, "etcd")
    row = [MEMBER, "started", etcd.get("name", "default"), etcd.get("initial-advertise-peer-urls", "http://localhost:2380"), etcd.get("advertise-client-urls", "http://localhost:2379"), "false"]
    return Ran(_table(["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"], [row], asked.option("write-out")))


def _save(call: Call, asked: Asked) -> Ran:
    path = asked.words[2]
    call.files[path] = etcdfiles.pack(etcdfiles.take(call.cluster)).encode()
    return Ran(f"Snapshot saved at {path}\n")


def _nothing(text: str) -> Callable[[Call, Asked], Ran]:
    return lambda call, asked: Ran(text)


# ---------------------------------------------------------------------------------------------------- files


def _contents(call: Call, path: str) -> snapshot.Contents:
    """Raises NoData, SnapshotError."""
    given = call.data.get(path)
    text = given.decode("utf-8", "replace") if given is not None else files_of(call).get(path)
    if text is None:
        raise etcdfiles.NoData(f"stat {path}: no such file or directory")
    return snapshot.read(etcdfiles.unpack(text))


def _snapshot_status(call: Call, asked: Asked) -> Ran:
    try:
        found = _contents(call, asked.words[2])
    except (etcdfiles.NoData, snapshot.SnapshotError, IndexError) as error:
        return Ran("", f"Error: {error}\n", 1)
    digest = 0
    for each in found.values:
        digest = zlib.crc32(each.value, zlib.crc32(each.key.encode(), digest))
    size = sum(len(each.key) + len(each.value) for each in found.values)
    row = [f"{digest:x}", str(found.revision), str(len(found.values)), f"{size // 1024} kB"]
    return Ran(_table(["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"], [row], asked.option("write-out")))


def _restore(call: Call, asked: Asked) -> Ran:
    """Into a new data directory; an etcd that is started on it goes on from there."""
    try:
        _contents(call, asked.words[2])
    except (etcdfiles.NoData, snapshot.SnapshotError, IndexError) as error:
        return Ran("", f"Error: {error}\n", 1)
    directory = asked.option("data-dir", "default.etcd").rstrip("/")
    there = files_of(call)
    whole = directory if directory.startswith("/") else f"/root/{directory}"
    if any(path.startswith(f"{whole}/") for path in there):
        return Ran("", f'Error: data-dir "{directory}" not empty or could not be read\n', 1)
    given = call.data.get(asked.words[2])
    call.files[f"{directory}/{etcdfiles.DATA}"] = given if given is not None else there[asked.words[2]].encode()
    return Ran("", f"restored snapshot\tpath={asked.words[2]} wal-dir={directory}/member/wal data-dir={directory} snap-dir={directory}/member/snap\n")


_OFFLINE: dict[str, Callable[[Call, Asked], Ran]] = {"snapshot status": _snapshot_status, "snapshot restore": _restore}
_ONLINE: dict[str, Callable[[Call, Asked], Ran]] = {
    "get": _get,
    "put": _put,
    "del": _del,
    "txn": _txn,
    "compaction": _compaction,
    "lease": _lease,
    "endpoint health": _health,
    "endpoint status": _status,
    "member list": _members,
    "snapshot save": _save,
    "defrag": lambda call, asked: Ran("".join(f"Finished defragmenting etcd member[{each}]\n" for each in endpoints(asked, call.env or ENVIRONMENT))),
    "alarm list": _nothing(""),
}

