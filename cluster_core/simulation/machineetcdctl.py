"""`etcdctl` and `kubeadm` on a machine: in process, with the real tools' words and output, for the usual subcommands."""

from __future__ import annotations

from typing import Any

from cluster_core.etcd import snapshot
from cluster_core.etcd.service import EtcdError
from cluster_core.etcd.store import prefix_end
from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.commands_etcd import etcd_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.machinetools import Call, Ran, tool

_VALUED = ("--endpoints", "--cacert", "--cert", "--key", "--rev", "--limit", "--write-out", "-w", "--data-dir", "--lease", "--name")


def _split(argv: Any) -> tuple[list[str], dict[str, str]]:
    """(words, options)"""
    words: list[str] = []
    options: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        options[name.lstrip("-")] = value if equals else rest.pop(0) if name in _VALUED and rest else "true"
    return words, options


@tool("etcdctl", "etcdutl")
def _etcdctl(call: Call) -> Ran:
    words, options = _split(call.argv)
    if words[:2] in (["snapshot", "restore"], ["snapshot", "status"]):
        return _offline(call, words, options)
    if not control_of(call.cluster).is_running("etcd"):
        text = '{"level":"warn","msg":"retrying of unary invoker failed","error":"rpc error: code = DeadlineExceeded"}\n'
        return Ran("", f"{text}Error: context deadline exceeded\n", 1)
    try:
        return _online(call, words, options)
    except EtcdError as error:
        return Ran("", f"Error: {error}\n", 1)
    except (IndexError, ValueError):
        return Ran("", f"Error: {words[0]} command needs other arguments\n" if words else "Error: no command\n", 128)


def _online(call: Call, words: list[str], options: dict[str, str]) -> Ran:
    etcd = etcd_of(call.cluster)
    verb = words[0]
    if verb == "get":
        return _get(etcd, words[1], options)
    if verb == "put":
        value = words[2] if len(words) > 2 else call.stdin.rstrip("\n")
        etcd.call("put", {"key": words[1], "value": value.encode()})
        return Ran("OK\n")
    if verb == "del":
        end = prefix_end(words[1]) if "prefix" in options else ""
        return Ran(f"{etcd.call('delete', {'key': words[1], 'end': end})['deleted']}\n")
    if verb == "compaction":
        etcd.call("compact", {"at": int(words[1])})
        return Ran(f"compacted revision {words[1]}\n")
    if verb == "lease":
        return _lease(etcd, words[1:])
    return _about(call, words, options)


def _get(etcd: Any, key: str, options: dict[str, str]) -> Ran:
    end = prefix_end(key) if "prefix" in options else ""
    ask = {"key": key, "end": end, "at": int(options.get("rev", 0)), "limit": int(options.get("limit", 0))}
    found = etcd.call("range", {**ask, "keys_only": "keys-only" in options})["kvs"]
    lines = []
    for name, value, *_ in found:
        text = value.decode("utf-8", "replace")
        lines += [text] if "print-value-only" in options else [name, text]
    return Ran("".join(f"{line}\n" for line in lines))


def _lease(etcd: Any, words: list[str]) -> Ran:
    if words[0] == "grant":
        made = etcd.call("grant", {"ttl": int(words[1])})
        return Ran(f"lease {made['id']:x} granted with TTL({made['ttl']}s)\n")
    if words[0] == "revoke":
        etcd.call("revoke", {"id": int(words[1], 16)})
        return Ran(f"lease {words[1]} revoked\n")
    ids = etcd.call("leases", {})["ids"]
    return Ran(f"found {len(ids)} leases\n" + "".join(f"{each:x}\n" for each in ids))


def _about(call: Call, words: list[str], options: dict[str, str]) -> Ran:
    endpoint = options.get("endpoints", "127.0.0.1:2379")
    address = call.machine.address
    if words[:2] == ["endpoint", "health"]:
        return Ran(f"{endpoint} is healthy: successfully committed proposal: took = 2.1ms\n")
    if words[:2] == ["endpoint", "status"]:
        status = etcd_of(call.cluster).call("status", {})
        return Ran(f"{endpoint}, 8e9e05c52164694d, 3.6.8, {status['size'] // 1024} kB, true, false, 2, {status['revision']}\n")
    if words[:2] == ["member", "list"]:
        urls = f"https://{address}:2380, https://{address}:2379"
        return Ran(f"8e9e05c52164694d, started, {call.machine.name}, {urls}, false\n")
    if words[:2] == ["snapshot", "save"]:
        call.files[words[2]] = etcd_of(call.cluster).call("snapshot", {})["data"]
        return Ran(f"Snapshot saved at {words[2]}\n")
    if words[0] == "version":
        return Ran("etcdctl version: 3.6.8\nAPI version: 3.6\n")
    return Ran("", f'Error: unknown command "{" ".join(words)}" for "etcdctl"\n', 1)


def _offline(call: Call, words: list[str], options: dict[str, str]) -> Ran:
    """On a snapshot file. A restored one becomes the cluster's data at once: here members have one data directory."""
    name = words[2] if len(words) > 2 else ""
    data = call.data.get(name)
    if data is None:
        return Ran("", f"Error: stat {name}: no such file or directory\n", 1)
    try:
        contents = snapshot.read(data)
    except snapshot.SnapshotError as error:
        return Ran("", f"Error: {error}\n", 1)
    if words[1] == "status":
        return Ran(f"{hash(data) & 0xFFFFFFFF:x}, {contents.revision}, {len(contents.values)}, {len(data) // 1024} kB\n")
    etcd_of(call.cluster).call("restore", {"data": data})
    return Ran("", f"restored snapshot\tpath={name} data-dir={options.get('data-dir', 'default.etcd')}\n")


@tool("kubeadm")
def _kubeadm(call: Call) -> Ran:
    words, _ = _split(call.argv)
    api = call.cluster.world.client("kubernetes-admin")
    if words[:1] == ["version"]:
        return Ran("kubeadm version: v1.36.2\n")
    if words[:2] == ["token", "list"]:
        names = [secret["metadata"]["name"] for secret in api.list("Secret", "kube-system") if secret.get("type") == "bootstrap.kubernetes.io/token"]
        return Ran("TOKEN ID\n" + "".join(f"{name.removeprefix('bootstrap-token-')}\n" for name in names))
    if words[:2] == ["token", "create"]:
        return _token(call, api)
    return Ran("", f"kubeadm {' '.join(words)}: not available on this machine\n", 1)


def _token(call: Call, api: Any) -> Ran:
    import base64

    chance = call.cluster.seed.stream("bootstrap-token", call.cluster.revision)
    token_id, token = chance.bytes(3).hex(), chance.bytes(8).hex()
    data = {"token-id": token_id, "token-secret": token, "usage-bootstrap-authentication": "true"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"}
    try:
        api.create("Secret", {"metadata": metadata, "type": "bootstrap.kubernetes.io/token", "data": encoded})
    except ApiError as error:
        return Ran("", f"{error}\n", 1)
    text = f"{token_id}.{token}"
    if "--print-join-command" in call.argv:
        digest = "0" * 64
        text = f"kubeadm join {call.machine.address}:6443 --token {text} --discovery-token-ca-cert-hash sha256:{digest}"
    return Ran(text + "\n")
