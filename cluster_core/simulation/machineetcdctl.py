"""`etcdctl` (API 3) and `etcdutl` on a machine: in process, with the real tools' words and output.

Online commands reach etcd over TLS as the real ones do: with --cacert, --cert and --key or the ETCDCTL_* variables that root's
shell on the control plane has. Offline ones (snapshot restore|status, backup) work on the machine's files.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import orjson

from cluster_core.etcd import snapshot
from cluster_core.etcd.service import EtcdError
from cluster_core.machines import certificates
from cluster_core.machines.rendering import PKI
from cluster_core.simulation import etcdfiles, etcdprinting, machineetcdctl2, machineetcdkeys, machinefiles
from cluster_core.simulation.clientaccess import control_files
from cluster_core.simulation.commands_etcd import etcd_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.etcdarguments import Asked, split
from cluster_core.simulation.machinetools import Call, Ran, moment, tool
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
VERSION, STORAGE = "3.6.8", "3.6.0"
MEMBER = f"{etcdprinting.MEMBER:x}"


@tool("etcdctl", "etcdutl")
def _etcdctl(call: Call) -> Ran:
    environment = call.env or ENVIRONMENT
    if call.name == "etcdctl" and environment.get("ETCDCTL_API", "3") == "2":
        return machineetcdctl2.run(call)
    asked = split(call.argv)
    form = asked.option("write-out", "simple")
    if form not in etcdprinting.FORMS:
        return Ran("", f"Error: unsupported output format {form!r}\n".replace("'", '"'), 1)
    if asked.words[:1] == ["version"]:
        return Ran(f"{call.name} version: {VERSION}\nAPI version: 3.6\n")
    offline = _chosen(_OFFLINE, asked)
    if offline is not None:
        return offline(call, asked)
    action = _chosen(_ONLINE, asked) if call.name == "etcdctl" else None
    if action is None:
        return Ran("", f'Error: unknown command "{" ".join(asked.words)}" for "{call.name}"\n', 1)
    problem = unreached(call, asked, environment) if asked.words[:2] != ["endpoint", "health"] else ""
    return Ran("", problem, 1) if problem else _done(action, call, asked)


Command = Callable[[Call, Asked], Ran]


def _chosen(commands: Mapping[str, Command], asked: Asked) -> Command | None:
    return commands.get(" ".join(asked.words[:2])) or commands.get(" ".join(asked.words[:1]))


def _done(action: Command, call: Call, asked: Asked) -> Ran:
    try:
        return action(call, asked)
    except EtcdError as error:
        target = endpoints(asked, call.env or ENVIRONMENT)[0]
        return Ran("", f"{_retrying(call, target, f'rpc error: {error}')}Error: {error}\n", 1)
    except machineetcdkeys.Misused as error:
        return Ran("", f"Error: {error}\n", 128)


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
    error = f"rpc error: code = DeadlineExceeded desc = latest balancer error: last {why[0]}"
    return f"{_retrying(call, endpoints(asked, environment)[0], error)}Error: context deadline exceeded\n"


def _retrying(call: Call, target: str, error: str) -> str:
    """What the client's library logs of a call that failed."""
    log = {"level": "warn", "ts": f"{moment(call.cluster):%Y-%m-%dT%H:%M:%S.%f}Z", "logger": "etcd-client", "caller": f"v3@v{VERSION}/retry_interceptor.go:65",
           "msg": "retrying of unary invoker failed", "target": f"etcd-endpoints://0xc0003b1e00/{target.partition('://')[2]}", "attempt": 0, "error": error}  # fmt: skip
    return f"{orjson.dumps(log).decode()}\n"


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


# ---------------------------------------------------------------------------------------------------- the server


def _health(call: Call, asked: Asked) -> Ran:
    """Each endpoint by itself; one that does not answer makes the whole unhealthy."""
    environment = call.env or ENVIRONMENT
    told, log = [], ""
    for each in endpoints(asked, environment):
        missing = unreached(call, Asked(asked.words, {**asked.options, "endpoints": each}), environment)
        if missing and "deadline exceeded" not in missing:
            return Ran("", missing, 1)
        log += missing.partition("Error: ")[0]
        told.append((each, not missing, "2.104811ms" if not missing else "5.001203s", "" if not missing else "context deadline exceeded"))
    code, form = int(not all(well for _, well, _, _ in told)), asked.option("write-out")
    failed = "Error: unhealthy cluster\n" if code else ""
    if code and form in ("table", "json"):
        failed = log + failed
    if form == "table":
        rows = [(each, str(well).lower(), took, why) for each, well, took, why in told]
        return Ran(etcdprinting.table(("ENDPOINT", "HEALTH", "TOOK", "ERROR"), rows, form), failed, code)
    if form == "json":
        plain = [{"endpoint": each, "health": well, "took": took, **({"error": why} if why else {})} for each, well, took, why in told]
        return Ran(orjson.dumps(plain).decode() + "\n", failed, code)
    good = "".join(f"{each} is healthy: successfully committed proposal: took = {took}\n" for each, well, took, _ in told if well)
    return Ran(good, log + "".join(f"{each} is unhealthy: failed to commit proposal: {why}\n" for each, well, _, why in told if not well) + failed, code)


_STATUS = ("ENDPOINT", "ID", "VERSION", "STORAGE VERSION", "DB SIZE", "IN USE", "PERCENTAGE NOT IN USE", "QUOTA", "IS LEADER", "IS LEARNER",
           "RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS", "DOWNGRADE TARGET VERSION", "DOWNGRADE ENABLED")  # fmt: skip


def _status(call: Call, asked: Asked) -> Ran:
    status = etcd_of(call.cluster).call("status", {})
    found, form = endpoints(asked, call.env or ENVIRONMENT), asked.option("write-out")
    if form == "json":
        told = {"header": etcdprinting.header(status["revision"]), "version": VERSION, "dbSize": status["size"], "leader": etcdprinting.MEMBER, "raftIndex": status["revision"],
                "raftTerm": 2, "raftAppliedIndex": status["revision"], "dbSizeInUse": status["in_use"], "storageVersion": STORAGE}  # fmt: skip
        return Ran(orjson.dumps([{"Endpoint": each, "Status": told} for each in found]).decode() + "\n")
    index = str(status["revision"])
    spare = f"{100 - 100 * status['in_use'] // status['size']}%"
    row = (MEMBER, VERSION, STORAGE, etcdprinting.size(status["size"]), etcdprinting.size(status["in_use"]), spare, "2.1 GB", "true", "false", "2", index, index, "", "", "false")
    return Ran(etcdprinting.table(_STATUS, [(each, *row) for each in found], form))


def _members(call: Call, asked: Asked) -> Ran:
    etcd, form = options_of(call.cluster, "etcd"), asked.option("write-out")
    name, peers = etcd.get("name", "default"), etcd.get("initial-advertise-peer-urls", "http://localhost:2380")
    clients = etcd.get("advertise-client-urls", "http://localhost:2379")
    if form == "json":
        member = {"ID": etcdprinting.MEMBER, "name": name, "peerURLs": peers.split(","), "clientURLs": clients.split(",")}
        return Ran(etcdprinting.json({"header": {"cluster_id": etcdprinting.CLUSTER, "member_id": etcdprinting.MEMBER, "raft_term": 2}, "members": [member]}))
    return Ran(etcdprinting.table(("ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"), [(MEMBER, "started", name, peers, clients, "false")], form))


def _save(call: Call, asked: Asked) -> Ran:
    if len(asked.words) != 3:
        raise machineetcdkeys.Misused("snapshot save expects one argument")
    path = asked.words[2]
    call.files[path] = etcdfiles.pack(etcdfiles.take(call.cluster)).encode()
    told = (("created temporary db file", f"{path}.part"), ("fetching snapshot", endpoints(asked, call.env or ENVIRONMENT)[0]), ("saved", path))
    log = "".join(orjson.dumps({"level": "info", "caller": "snapshot/v3_snapshot.go:83", "msg": text, "path": what}).decode() + "\n" for text, what in told)
    return Ran(f"Snapshot saved at {path}\nServer version {VERSION.rpartition('.')[0]}.0\n", log)


def _defrag(call: Call, asked: Asked) -> Ran:
    return Ran("".join(f"Finished defragmenting etcd member[{each}]. took 12.203184ms\n" for each in endpoints(asked, call.env or ENVIRONMENT)))


# ---------------------------------------------------------------------------------------------------- files


def _contents(call: Call, path: str) -> snapshot.Contents:
    """Raises NoData, SnapshotError."""
    given = call.data.get(path)
    text = given.decode("utf-8", "replace") if given is not None else files_of(call).get(path)
    if text is None:
        raise etcdfiles.NoData(f"stat {path}: no such file or directory")
    return snapshot.read(etcdfiles.unpack(text))


def _snapshot_status(call: Call, asked: Asked) -> Ran:
    if len(asked.words) != 3:
        return Ran("", "Error: snapshot status requires exactly one argument\n", 128)
    try:
        found = _contents(call, asked.words[2])
    except (etcdfiles.NoData, snapshot.SnapshotError) as error:
        return Ran("", f"Error: {error}\n", 1)
    digest = 0
    for each in found.values:
        digest = zlib.crc32(each.value, zlib.crc32(each.key.encode(), digest))
    size = sum(len(each.key) + len(each.value) for each in found.values)
    if asked.option("write-out") == "json":
        return Ran(etcdprinting.json({"hash": digest, "revision": found.revision, "totalKey": len(found.values), "totalSize": size, "version": STORAGE}))
    row = (f"{digest:x}", str(found.revision), str(len(found.values)), etcdprinting.size(size), STORAGE)
    return Ran(etcdprinting.table(("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "VERSION"), [row], asked.option("write-out")))


def _restore(call: Call, asked: Asked) -> Ran:
    """Into a new data directory; an etcd that is started on it goes on from there."""
    if len(asked.words) != 3:
        return Ran("", "Error: snapshot restore requires exactly one argument\n", 128)
    try:
        _contents(call, asked.words[2])
    except (etcdfiles.NoData, snapshot.SnapshotError) as error:
        return Ran("", f"Error: {error}\n", 1)
    directory = asked.option("data-dir", f"{asked.option('name', 'default')}.etcd").rstrip("/")
    there = files_of(call)
    whole = directory if directory.startswith("/") else f"/root/{directory}"
    if any(path.startswith(f"{whole}/") for path in there):
        return Ran("", f'Error: data-dir "{directory}" not empty or could not be read\n', 1)
    given = call.data.get(asked.words[2])
    call.files[f"{directory}/{etcdfiles.DATA}"] = given if given is not None else there[asked.words[2]].encode()
    where = f'{{"path": "{asked.words[2]}", "wal-dir": "{directory}/member/wal", "data-dir": "{directory}", "snap-dir": "{directory}/member/snap"}}'
    stamp = f"{moment(call.cluster):%Y-%m-%dT%H:%M:%SZ}\tinfo\tsnapshot/v3_snapshot.go"
    return Ran("", f"{stamp}:305\trestoring snapshot\t{where}\n{stamp}:333\trestored snapshot\t{where}\n")


_OFFLINE: dict[str, Command] = {"snapshot status": _snapshot_status, "snapshot restore": _restore}
_ONLINE: dict[str, Command] = {
    "get": machineetcdkeys.get,
    "put": machineetcdkeys.put,
    "del": machineetcdkeys.delete,
    "txn": machineetcdkeys.txn,
    "compaction": machineetcdkeys.compact,
    "compact": machineetcdkeys.compact,
    "lease": machineetcdkeys.lease,
    "endpoint health": _health,
    "endpoint status": _status,
    "member list": _members,
    "snapshot save": _save,
    "defrag": _defrag,
    "alarm list": lambda call, asked: Ran(),
    "alarm disarm": lambda call, asked: Ran(),
}
