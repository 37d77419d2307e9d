"""What holds whatever happens to a whole cluster: machines die and come back, parts stop and start, people scale and delete,
the cluster is put away; and that a settled cluster of any size does no work at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.machinery.podrequests import requests
from cluster_core.machinery.quantity import milli
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, pod_template, workload

NODES = ("node-1", "node-2", "node-3")
PARTS = ("scheduler", "controller-manager", "kubelet")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["kill", "revive", "stop", "start", "scale", "delete", "put away", "wait", "cordon", "uncordon"]),
        st.integers(0, 8),
    ),
    max_size=14,
)


class Story:
    """A cluster with a Deployment whose pods want a good part of a node each."""

    def __init__(self) -> None:
        self.engine = Engine(nodes=3, cpu="4")
        template = pod_template(labels={"app": "web"})
        template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "900m"}}
        self.engine.api.create("Deployment", workload("Deployment", replicas=3, template=template))
        self.wanted = 3

    def do(self, what: str, number: int) -> None:
        node, part = NODES[number % 3], PARTS[number % 3]
        commands: dict[str, tuple[str, dict[str, Any]]] = {
            "kill": ("kill-node", {"node": node}),
            "revive": ("revive-node", {"node": node}),
            "cordon": ("cordon", {"node": node}),
            "uncordon": ("uncordon", {"node": node}),
            "stop": ("stop-component", {"component": part, "node": NODES[0]}),
            "start": ("start-component", {"component": part, "node": NODES[0]}),
        }
        if what in commands:
            self._try(*commands[what])
        elif what == "scale":
            self.wanted = number
            self.engine.api.patch("Deployment", "default", "web", {"spec": {"replicas": number}})
        elif what == "delete":
            for pod in self.engine.api.list("Pod", "default")[:number]:
                self.engine.api.delete("Pod", "default", pod["metadata"]["name"])
        elif what == "put away":
            self.engine.cluster = Cluster.load(self.engine.cluster.save())
            self.engine.api = self.engine.cluster.world.client("tester")
        self.engine.cluster.advance(number * number * 5.0)

    def _try(self, name: str, args: dict[str, Any]) -> None:
        try:
            self.engine.cluster.command(name, args)
        except CommandError as error:  # it is so already
            assert error.status == 409

    def finish(self) -> None:
        for node in NODES:
            self._try("revive-node", {"node": node})
            self._try("start-component", {"component": "kubelet", "node": node})
            self._try("uncordon", {"node": node})
        for part in PARTS[:2]:
            self._try("start-component", {"component": part})
        self.engine.cluster.advance(900)
        assert self.engine.settle()

    def check_always(self) -> None:
        """Never more on a node than fits, never one address twice."""
        api = self.engine.api
        for node in NODES:
            there = [pod for pod in api.on_node("Pod", node) if pod["status"].get("phase") not in ("Failed", "Succeeded")]
            found = api.get("Node", "", node)
            if found is not None:
                assert sum(requests(pod["spec"]).get("cpu", 0) for pod in there) <= milli(found["status"]["allocatable"]["cpu"])
        running = [pod for pod in api.list("Pod") if pod["status"].get("phase") == "Running" and not pod["spec"].get("hostNetwork")]
        addresses = Counter(pod["status"].get("podIP") for pod in running if "deletionTimestamp" not in pod["metadata"])
        assert [ip for ip, count in addresses.items() if count > 1] == []


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_nothing_is_lost_or_doubled_whatever_is_stopped_and_started(steps: list[tuple[str, int]]) -> None:
    story = Story()
    for what, number in steps:
        story.do(what, number)
        story.check_always()
    story.finish()
    story.check_always()
    pods = story.engine.api.list("Pod", "default")
    live = [pod for pod in pods if pod["status"].get("phase") not in ("Failed", "Succeeded")]
    assert len(live) == story.wanted
    assert {pod["status"]["phase"] for pod in live} <= {"Running"}
    assert all(each["ready"] for pod in live for each in pod["status"]["containerStatuses"])


@pytest.mark.parametrize(("nodes", "replicas"), [(3, 5), (60, 200)])
def test_a_settled_cluster_of_any_size_does_no_work_at_all(nodes: int, replicas: int) -> None:
    engine = Engine(nodes=nodes)
    engine.api.create("Deployment", workload("Deployment", replicas=replicas))
    assert engine.settle()
    engine.cluster.advance(700)  # kubelets tell of the images they have pulled
    revision, runs = engine.cluster.revision, Counter[str]()
    for part in engine.cluster.parts.values():
        part.run = lambda key, name=part.name: runs.update([name])  # type: ignore[method-assign]
    engine.cluster.advance(24 * 3600)
    assert (engine.cluster.revision, dict(runs)) == (revision, {})
