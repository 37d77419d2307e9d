"""Whether a program of the control plane would start with a command line, and what it would say if not.

Flags that no program has, files that are not there and an etcd where none listens are what people get wrong.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import lru_cache
from pathlib import Path

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_ETCD = frozenset(
    ["name", "listen-client-urls", "advertise-client-urls", "listen-peer-urls", "initial-advertise-peer-urls", "initial-cluster", "data-dir", "cert-file", "key-file", "trusted-ca-file", "client-cert-auth", "peer-cert-file", "peer-key-file", "peer-trusted-ca-file", "wal-dir", "peer-client-cert-auth", "snapshot-count", "listen-metrics-urls", "feature-gates", "watch-progress-notify-interval", "metrics", "initial-cluster-state", "initial-cluster-token", "heartbeat-interval", "election-timeout", "quota-backend-bytes", "max-txn-ops", "auto-compaction-mode", "auto-compaction-retention", "log-level", "logger", "enable-v2", "force-new-cluster", "max-snapshots", "max-wals", "cipher-suites", "auto-tls", "peer-auto-tls", "debug", "experimental-initial-corrupt-check", "experimental-watch-progress-notify-interval", "max-request-bytes", "strict-reconfig-check"]
)
_BOOLEAN = frozenset(("leader-elect", "allow-privileged", "anonymous-auth", "profiling", "allocate-node-cidrs"))
_MODES = ("AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node")


@lru_cache(1)
def _known() -> frozenset[str]:
    lines = (Path(__file__).parent / "flags.txt").read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def pairs(words: Sequence[str]) -> dict[str, str]:
    """The flags of a command line, without dashes in front. "--name value" counts as "--name=value"."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and rest and not rest[0].startswith("-") and name not in _BOOLEAN:
            value, equals = rest.pop(0), "="
        found[name] = value if equals else "true"
    return found


def problem(argv: Sequence[str], files: Container[str], addresses: Container[str]) -> str:
    """What the program prints before it gives up; "" when it runs. `files` are there; etcd listens on `addresses`."""
    program = argv[0].rpartition("/")[2] if argv else ""
    flags = pairs(argv[1:])
    known = _ETCD if program == "etcd" else _known()
    for name in flags:
        if name not in known:
            return _unknown(program, name)
    for name, value in flags.items():
        said = _bad_value(name, value, files)
        if said:
            return said
    if program == "kube-apiserver":
        return _bad_server(flags, addresses)
    return ""


def _unknown(program: str, name: str) -> str:
    if program == "etcd":
        return f"flag provided but not defined: -{name}\nUsage:\n\n  etcd [flags]\n    Start an etcd server."
    return f"Error: unknown flag: --{name}"


def _bad_value(name: str, value: str, files: Container[str]) -> str:
    if name in _BOOLEAN and value.lower() not in ("true", "false", "t", "f", "1", "0"):
        return f'Error: invalid argument "{value}" for "--{name}" flag: strconv.ParseBool: parsing "{value}": invalid syntax'
    is_file = name.endswith(("-file", "-cafile", "-certfile", "-keyfile", "kubeconfig")) or name == "config"
    if is_file and value.startswith("/") and value not in files:
        return f'"command failed" err="open {value}: no such file or directory"'
    if re.fullmatch(r"node-monitor-.*|pod-eviction-timeout", name) and not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", value):
        return f'Error: invalid argument "{value}" for "--{name}" flag: time: invalid duration "{value}"'
    return ""


def _bad_server(flags: dict[str, str], addresses: Container[str]) -> str:
    servers = flags.get("etcd-servers", "")
    if not servers:
        return '"command failed" err="--etcd-servers must be specified"'
    if not any(_listens(server, addresses) for server in servers.split(",")):
        host = servers.split(",")[0].partition("://")[2]
        return (
            f'"command failed" err="problem initializing API group: Error creating leases: error creating storage factory: '
            f'context deadline exceeded: dial tcp {host}: connect: connection refused"'
        )
    for mode in flags.get("authorization-mode", "AlwaysAllow").split(","):
        if mode not in _MODES:
            return f'"command failed" err="authorization-mode \\"{mode}\\" is not a valid mode"'
    return ""


def _listens(server: str, addresses: Container[str]) -> bool:
    match = re.fullmatch(r"https?://(\[?[^/]*?\]?):(\d+)/?", server)
    return bool(match) and match[2] == "2379" and match[1] in addresses  # type: ignore[index]
