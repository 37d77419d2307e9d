"""etcd's log: zap's JSON lines. Models server/etcdmain and server/embed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.simulation.kubeadm.manifests import ETCD
from cluster_core.simulation.logs.klog import MILLISECOND, Run, moment
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

MEMBER = "8e9e05c52164694d"


def lines(cluster: Cluster, run: Run) -> list[Line]:
    return [line(run.began + after * MILLISECOND, "info", caller, text, **more) for after, caller, text, more in _start(run)]


def line(at: int, level: str, caller: str, text: str, **more: Any) -> Line:
    stamp = f"{moment(at):%Y-%m-%dT%H:%M:%S.%f}Z"
    return Line(at, orjson.dumps({"level": level, "ts": stamp, "caller": caller, "msg": text, **more}).decode(), True)


def _start(run: Run) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    options = run.options
    name, data = options.get("name", "default"), options.get("data-dir", f"{options.get('name', 'default')}.etcd")
    clients, peers = _urls(options, "listen-client-urls"), _urls(options, "listen-peer-urls")
    yield 3, "etcdmain/etcd.go:64", "Running: ", {"args": list(run.argv)}
    yield 4, "etcdmain/etcd.go:107", "server has already been initialized", {"data-dir": data, "dir-type": "member"}
    yield 5, "embed/etcd.go:138", "configuring peer listeners", {"listen-peer-urls": peers}
    yield 7, "embed/etcd.go:146", "configuring client listeners", {"listen-client-urls": clients}
    yield 9, "embed/etcd.go:323", "starting an etcd server", {
        "etcd-version": ETCD.partition("-")[0], "go-version": "go1.24.13", "go-os": "linux", "go-arch": "amd64", "name": name, "data-dir": data,
        "snapshot-count": int(options.get("snapshot-count", "10000") or 0), "initial-advertise-peer-urls": _urls(options, "initial-advertise-peer-urls"),
        "listen-peer-urls": peers, "advertise-client-urls": _urls(options, "advertise-client-urls"), "listen-client-urls": clients,
        "listen-metrics-urls": _urls(options, "listen-metrics-urls"), "initial-cluster": options.get("initial-cluster", "")}  # fmt: skip
    yield 21, "storage/backend.go:80", "opened backend db", {"path": f"{data}/member/snap/db", "took": "1.2ms"}
    yield 60, "etcdserver/server.go:512", "starting etcd server", {"local-member-id": MEMBER, "local-server-version": ETCD.partition("-")[0], "cluster-version": "to_be_decided"}
    yield 900, "raft/raft.go:970", f"{MEMBER} became leader at term 2", {}
    yield 920, "etcdserver/server.go:1805", "published local member to cluster through raft", {"local-member-id": MEMBER, "request-path": f"/0/members/{MEMBER}/attributes", "cluster-id": "cdf818194e3a8c32", "publish-timeout": "7s"}
    yield 921, "embed/serve.go:138", "ready to serve client requests", {}
    for url in clients:
        secure = url.startswith("https")
        text = "serving client traffic securely" if secure else "serving client traffic insecurely; this is strongly discouraged!"
        yield 924, "embed/serve.go:283", text, {"traffic": "grpc+http", "address": url.partition("://")[2]}


def _urls(options: dict[str, str], name: str) -> list[str]:
    return [each for each in options.get(name, "").split(",") if each]
