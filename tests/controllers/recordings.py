"""Replays recorded workload scenarios against the engine itself: no HTTP, and virtual time instead of waiting.

The recording's own tool does the work (its steps, its normalising, its comparing); only its client and its clock are ours.
"""

from __future__ import annotations

import json
import time as real_time
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from tests import golden
from tests.controllers.players import KWOK, Kwok, RoundRobin

GOLDEN = golden.GOLDEN / "workloads"
IGNORED = ["PersistentVolume:spec.claimRef.resourceVersion"]
OF_THE_KUBELET = "Pod:status.containerStatuses.started"
"""What KWOK leaves out and a fuller kubelet may write: not the controllers' business."""


class VirtualTime:
    """What the tool uses of the time module."""

    strftime = staticmethod(real_time.strftime)

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.beaten = 0
        self.hearts: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.cluster.now / 1e6

    def gmtime(self) -> real_time.struct_time:
        return real_time.gmtime(self.time())

    def sleep(self, seconds: float) -> None:
        self.cluster.advance(seconds)
        self.beat()

    def beat(self) -> None:
        """Keep the leases of the nodes without kubelet alive."""
        if self.cluster.now - self.beaten >= 3_000_000:
            self.beaten = self.cluster.now
            for beat in self.hearts:
                beat()


def _client(tool: ModuleType, cluster: Cluster) -> Any:
    class Kube(tool.Kube):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            pass

        def call(self, method: str, path: str, body: Any = None, ctype: str = "application/json", timeout: int = 30) -> Any:
            path, _, query = path.partition("?")
            data = b"" if body is None else json.dumps(body).encode()
            headers = {"content-type": ctype, "accept": "application/json"}
            request = ApiRequest(method, path, tuple(parse_qsl(query)), headers, data, ADMIN)
            answer = cluster.submit(request)
            return answer.status, answer.json()

    return Kube()


def _nodes(tool: ModuleType, kube: Any, cluster: Cluster) -> Any:
    class Hearts:
        """Heartbeats of the nodes without kubelet, every 3 seconds of virtual time."""

        def __init__(self) -> None:
            self.names: set[str] = set()

        def beat(self, name: str) -> None:
            path = kube.path("coordination.k8s.io/v1", "Lease", "kube-node-lease")
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": cluster.clock.microtime()}
            status, _ = kube.call("PATCH", f"{path}/{name}", {"spec": spec}, "application/merge-patch+json")
            if status == 404:
                metadata = {"name": name, "namespace": "kube-node-lease"}
                kube.call("POST", path, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})

    class Nodes(tool.Nodes):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            self.k, self.have, self.hb = kube, {}, Hearts()

        def until_ready(self, names: Any, limit: int = 10) -> None:
            cluster.advance(0.5)

    return Nodes()


def _beat_all(kube: Any, nodes: Any) -> None:
    played = [node["metadata"]["name"] for node in kube.items("v1", "Node") if KWOK in node["metadata"].get("annotations", {})]
    for name in sorted({*nodes.hb.names, *played}):
        nodes.hb.beat(name)


def _run(tool: ModuleType, kube: Any, nodes: Any, scenario: Any, cluster: Cluster) -> Any:
    class Run(tool.Run):  # type: ignore[name-defined,misc]
        def settle(self, limit: float) -> None:
            """Until nothing but leases has changed for 3 seconds, beating the nodes' hearts meanwhile."""
            end, quiet = cluster.now + int(max(4, limit) * 1e6), cluster.now
            while cluster.now < end and cluster.now - quiet < 3_000_000:
                before = changed[0]
                tool.time.sleep(0.2)
                if changed[0] != before:
                    quiet = cluster.now

        def namespace(self, obj: Any) -> None:
            status, answer = kube.call("POST", "/api/v1/namespaces", obj)
            if status not in (200, 201):
                self.errors.append(f"namespace: {answer.get('message')}")
            cluster.advance(0.3)

        def cleanup(self) -> None:
            return None

    changed = [0]

    def note(change: Any) -> None:
        changed[0] += change.kind.name not in ("Lease", "Node")

    cluster.observe(note)
    return Run(kube, nodes, scenario)


def players(cluster: Cluster) -> None:
    """Add stand-ins for whatever of scheduler and KWOK's kubelet the engine has not got."""
    if not any(name.startswith("scheduler") for name in cluster.parts):
        cluster.add_part(RoundRobin(cluster))
    if not any(name.startswith(("kwok", "kubelet")) for name in cluster.parts):
        cluster.add_part(Kwok(cluster))


def names() -> list[str]:
    return [path.stem for path in sorted((GOLDEN / "scenarios").glob("*.json"))]


class Outcome:
    """How one scenario came out: whether all is equal, [equal, all] per sort, and the differences as text."""

    def __init__(self, name: str) -> None:
        scenario = json.loads((GOLDEN / "scenarios" / f"{name}.json").read_text())
        tool = golden.load_tool(GOLDEN / "work.py")
        cluster = Cluster.create(ClusterSpec(name="golden", nodes=0, bare=True))
        players(cluster)
        tool.time = VirtualTime(cluster)  # type: ignore[attr-defined]
        kube = _client(tool, cluster)
        nodes = _nodes(tool, kube, cluster)
        tool.time.hearts.append(lambda: _beat_all(kube, nodes))
        run = _run(tool, kube, nodes, scenario, cluster)
        got = run.run()
        self.name, self.errors = name, run.errors
        self.tally = {sort: [0, 0] for sort in ("objects", "fields", "events", "calls")}
        self.differences: list[str] = []
        ignored = [*IGNORED, OF_THE_KUBELET]
        self.equal = tool.compare(scenario["expect"], got, ignored, self.tally, self.differences)

    def __str__(self) -> str:
        counts = "  ".join(f"{sort} {equal}/{total}" for sort, (equal, total) in self.tally.items() if total)
        return f"{'ok  ' if self.equal else 'DIFF'} {self.name:<34} {counts}"


if __name__ == "__main__":
    import re
    import sys

    pattern = sys.argv[1] if len(sys.argv) > 1 else "."
    total = {sort: [0, 0] for sort in ("objects", "fields", "events", "calls")}
    for name in names():
        if not re.search(pattern, name):
            continue
        outcome = Outcome(name)
        print(outcome, flush=True)
        for sort, (equal, count) in outcome.tally.items():
            total[sort][0] += equal
            total[sort][1] += count
        if len(sys.argv) > 2:
            for line in [*(f"! {error}" for error in outcome.errors), *outcome.differences]:
                print("      ", line[:300])
    print(total)
