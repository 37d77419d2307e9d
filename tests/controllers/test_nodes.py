"""Nodes that come, fail and go, and what becomes of their pods. As nodelifecycle, tainteviction, podgc, nodeipam, ttl do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cluster_core.machinery.typed import Obj
from cluster_core.simulation.control import control_of
from tests.builders import Engine, pod
from tests.controllers.players import KWOK

UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
ROOM = {"cpu": "16", "memory": "32Gi", "pods": "110"}


class Park(Engine):
    """A bare cluster whose nodes have no kubelet: the test posts their conditions and beats their hearts."""

    def __init__(self, nodes: int = 0, flags: Mapping[str, str] | None = None) -> None:
        super().__init__(nodes=0, bare=True)
        if flags:
            control_of(self.cluster).restart("kube-controller-manager", flags)
        self.alive: list[str] = []
        for number in range(nodes):
            self.add(f"node-{number}")
        self.pass_time(1)

    def add(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        metadata = {"name": name, "labels": {"kubernetes.io/os": "linux", **(labels or {})}}
        status = {"capacity": ROOM, "allocatable": ROOM, "conditions": [self.ready("True")]}
        self.api.create("Node", {"metadata": metadata, "spec": {}, "status": status})
        self.alive.append(name)

    def ready(self, status: str) -> dict[str, Any]:
        now = self.cluster.clock.timestamp()
        return {"type": "Ready", "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now, "reason": "x"}

    def post(self, name: str, status: str) -> None:
        """The kubelet reports that it is ready, or is not."""
        node = self.node(name)
        self.api.update_status("Node", {**node, "status": {**node["status"], "conditions": [self.ready(status)]}})

    def pass_time(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass with a heartbeat of the living every few seconds."""
        end = self.cluster.now + int(seconds * 1e6)
        while self.cluster.now < end:
            for name in self.alive:
                self.beat(name)
            self.cluster.advance(min(step, (end - self.cluster.now) / 1e6))

    def beat(self, name: str) -> None:
        spec = {"holderIdentity": name, "renewTime": self.cluster.clock.microtime()}
        found = self.api.get("Lease", "kube-node-lease", name)
        if found is None:
            self.api.create("Lease", {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec})
        else:
            self.api.update("Lease", {**found, "spec": spec})

    def die(self, *names: str) -> None:
        self.alive = [name for name in self.alive if name not in names]

    def node(self, name: str) -> Obj:
        found = self.api.get("Node", "", name)
        assert found is not None
        return found

    def taints(self, name: str) -> list[tuple[str, str]]:
        return sorted((taint["key"], taint["effect"]) for taint in self.node(name)["spec"].get("taints", ()))

    def doomed(self) -> list[str]:
        """Nodes whose pods are to be evicted."""
        names = [node["metadata"]["name"] for node in self.api.list("Node")]
        return [name for name in names if any(effect == "NoExecute" for _, effect in self.taints(name))]

    def condition(self, name: str) -> str:
        return str(self.node(name)["status"]["conditions"][0]["status"])

    def messages(self, reason: str) -> list[str]:
        return [event["message"] for event in self.events(reason)]

    def place(self, name: str, node: str, **spec: Any) -> None:
        self.api.create("Pod", pod(name, nodeName=node, **spec))


def test_a_silent_node_is_unknown_after_the_grace_period_and_tainted() -> None:
    park = Park(2)
    park.die("node-1")
    park.pass_time(36)
    assert park.condition("node-1") == "True"
    park.pass_time(15)
    assert park.condition("node-1") == "Unknown"
    assert park.taints("node-1") == [(UNREACHABLE, "NoExecute"), (UNREACHABLE, "NoSchedule")]
    assert park.messages("NodeNotReady") == ["Node node-1 status is now: NodeNotReady"]


def test_the_grace_period_is_the_managers_flag() -> None:
    park = Park(2, {"node-monitor-grace-period": "16s", "node-monitor-period": "2s"})
    park.die("node-1")
    park.pass_time(22)
    assert park.condition("node-1") == "Unknown"


def test_a_new_grace_period_counts_as_soon_as_the_manager_runs_with_it() -> None:
    park = Park(2)
    park.die("node-1")
    park.pass_time(20)
    control_of(park.cluster).restart("kube-controller-manager", {"node-monitor-grace-period": "10s"})
    park.pass_time(6)
    assert park.condition("node-1") == "Unknown"


def test_a_node_that_comes_back_is_cleared() -> None:
    park = Park(2)
    park.die("node-1")
    park.pass_time(60)
    park.alive.append("node-1")
    park.post("node-1", "True")
    park.pass_time(2)
    assert park.taints("node-1") == []


def test_a_node_that_never_reported_is_unknown_after_a_minute() -> None:
    park = Park(1)
    park.api.create("Node", {"metadata": {"name": "mute"}, "spec": {}})
    park.pass_time(50)
    assert "conditions" not in park.node("mute").get("status", {})
    park.pass_time(20)
    reasons = {each["reason"] for each in park.node("mute")["status"]["conditions"]}
    assert reasons == {"NodeStatusNeverUpdated"}


def test_cordoning_and_pressure_are_taints() -> None:
    park = Park(1)
    node = park.node("node-0")
    park.api.update("Node", {**node, "spec": {**node["spec"], "unschedulable": True}})
    park.pass_time(1)
    assert park.taints("node-0") == [("node.kubernetes.io/unschedulable", "NoSchedule")]
    park.post("node-0", "False")
    park.add("node-1")
    park.pass_time(1)
    assert (NOT_READY, "NoSchedule") in park.taints("node-0")


def test_failing_nodes_are_tainted_one_after_the_other() -> None:
    park = Park(6)
    park.die("node-1", "node-2")
    park.pass_time(46)
    assert len(park.doomed()) == 1
    park.pass_time(12)
    assert park.doomed() == ["node-1", "node-2"]


def test_nobody_is_evicted_when_all_nodes_fail() -> None:
    park = Park(3)
    park.die("node-0", "node-1", "node-2")
    park.pass_time(120)
    assert park.doomed() == []
    assert all((UNREACHABLE, "NoSchedule") in park.taints(f"node-{number}") for number in range(3))


def test_nobody_is_evicted_while_most_of_a_small_zone_fails_but_then_the_last_failing_one_is() -> None:
    park = Park(4)
    park.die("node-0", "node-1", "node-2")
    for name in ("node-0", "node-1", "node-2"):
        park.post(name, "False")
    park.pass_time(30)
    assert len(park.doomed()) <= 1
    for name in ("node-0", "node-1"):
        park.alive.append(name)
        park.post(name, "True")
    park.pass_time(30)
    assert park.doomed() == ["node-2"]


def test_zones_fail_apart() -> None:
    park = Park()
    for zone in ("a", "b"):
        for number in range(3):
            park.add(f"{zone}-{number}", {"topology.kubernetes.io/zone": zone})
    park.pass_time(1)
    for number in range(3):
        park.post(f"a-{number}", "False")
    park.pass_time(40)
    assert park.doomed() == ["a-0", "a-1", "a-2"]


def test_comings_and_goings_are_told() -> None:
    park = Park(1)
    park.api.delete("Node", "", "node-0")
    park.pass_time(1)
    assert park.messages("RegisteredNode") == ["Node node-0 event: Registered Node node-0 in Controller"]
    assert park.messages("RemovingNode") == ["Node node-0 event: Removing Node node-0 from Controller"]


def test_the_nodes_a_cluster_is_made_with_are_no_news() -> None:
    engine = Engine(nodes=2)
    engine.settle()
    assert engine.events("RegisteredNode") == []


def test_labels_of_old_follow() -> None:
    park = Park(1)
    assert park.node("node-0")["metadata"]["labels"]["beta.kubernetes.io/os"] == "linux"


# ------------------------------------------------------------------------------------------------ evictions


def add_taint(park: Park, name: str, key: str = "broken") -> None:
    node = park.node(name)
    taints = [*node["spec"].get("taints", ()), {"key": key, "effect": "NoExecute"}]
    park.api.update("Node", {**node, "spec": {**node["spec"], "taints": taints}})


def clear_taints(park: Park, name: str) -> None:
    node = park.node(name)
    park.api.update("Node", {**node, "spec": {key: value for key, value in node["spec"].items() if key != "taints"}})


def patient(seconds: int | None = None, key: str = "broken") -> list[dict[str, Any]]:
    one: dict[str, Any] = {"key": key, "operator": "Exists", "effect": "NoExecute"}
    return [one if seconds is None else {**one, "tolerationSeconds": seconds}]


def is_going(park: Park, name: str) -> bool:
    found = park.api.get("Pod", "default", name)
    return found is None or "deletionTimestamp" in found["metadata"]


def test_pods_leave_a_tainted_node_when_their_patience_ends() -> None:
    park = Park(1)
    park.place("hasty", "node-0")
    park.place("patient", "node-0", tolerations=patient(20))
    park.place("loyal", "node-0", tolerations=patient())
    add_taint(park, "node-0")
    park.pass_time(1)
    assert [is_going(park, name) for name in ("hasty", "patient", "loyal")] == [True, False, False]
    park.pass_time(20)
    assert [is_going(park, name) for name in ("hasty", "patient", "loyal")] == [True, True, False]
    assert "Marking for deletion Pod default/patient" in park.messages("TaintManagerEviction")


def test_an_eviction_is_called_off_when_the_taint_goes_in_time() -> None:
    park = Park(1)
    park.place("patient", "node-0", tolerations=patient(20))
    add_taint(park, "node-0")
    park.pass_time(10)
    clear_taints(park, "node-0")
    park.pass_time(30)
    assert not is_going(park, "patient")
    assert park.messages("TaintManagerEviction") == ["Cancelling deletion of Pod default/patient"]


def test_patience_is_not_lengthened_by_further_changes_of_the_node() -> None:
    park = Park(1)
    park.place("patient", "node-0", tolerations=patient(20))
    add_taint(park, "node-0")
    park.pass_time(15)
    park.post("node-0", "True")
    park.pass_time(6)
    assert is_going(park, "patient")


# ------------------------------------------------------------------------------------------------ collecting pods


def test_pods_of_a_node_that_has_gone_are_collected_after_a_while() -> None:
    park = Park(1)
    park.place("orphan", "node-0")
    park.pass_time(1)
    park.api.delete("Node", "", "node-0")
    park.die("node-0")
    park.pass_time(38)
    assert park.api.get("Pod", "default", "orphan") is not None
    park.pass_time(45)
    assert park.api.get("Pod", "default", "orphan") is None


def test_pods_stay_when_their_node_comes_back_in_time() -> None:
    park = Park(1)
    park.place("lucky", "node-0")
    park.pass_time(1)
    park.api.delete("Node", "", "node-0")
    park.pass_time(20)
    park.add("node-0")
    park.pass_time(100)
    assert park.api.get("Pod", "default", "lucky") is not None


def test_a_terminating_pod_that_was_never_placed_is_collected() -> None:
    park = Park()
    held = pod("held")
    park.api.create("Pod", held)
    found = park.api.get("Pod", "default", "held")
    assert found is not None
    stuck = {**found, "metadata": {**found["metadata"], "deletionTimestamp": park.cluster.clock.timestamp(),
                                   "deletionGracePeriodSeconds": 30}}  # fmt: skip
    park.cluster.server.storage.put(park.api.kind("Pod"), stuck)
    park.pass_time(25)
    assert park.api.get("Pod", "default", "held") is None


def test_pods_on_a_node_out_of_service_are_removed_at_once() -> None:
    park = Park(2)
    park.place("stuck", "node-1")
    park.pass_time(1)
    park.api.delete("Pod", "default", "stuck")
    park.die("node-1")
    park.pass_time(60)
    assert park.api.get("Pod", "default", "stuck") is not None
    add_taint(park, "node-1", "node.kubernetes.io/out-of-service")
    park.pass_time(21)
    assert park.api.get("Pod", "default", "stuck") is None


def test_the_oldest_ended_pods_go_when_there_are_too_many() -> None:
    park = Park(1, {"terminated-pod-gc-threshold": "2"})
    for number in range(5):
        name = f"done-{number}"
        park.place(name, "node-0")
        found = park.api.get("Pod", "default", name)
        assert found is not None
        park.api.update_status("Pod", {**found, "status": {**found["status"], "phase": "Succeeded"}})
        park.pass_time(1)
    park.pass_time(21)
    assert [each["metadata"]["name"] for each in park.api.list("Pod", "default")] == ["done-3", "done-4"]


# ------------------------------------------------------------------------------------------------ ranges and ttl


CIDRS = {"allocate-node-cidrs": "true", "cluster-cidr": "10.20.0.0/16"}


def test_every_node_gets_a_range_of_its_own() -> None:
    park = Park(3, CIDRS)
    assert [park.node(f"node-{number}")["spec"]["podCIDR"] for number in range(3)] == [
        "10.20.0.0/24", "10.20.1.0/24", "10.20.2.0/24",
    ]  # fmt: skip


def test_a_range_is_used_again_when_its_node_has_gone() -> None:
    park = Park(2, {**CIDRS, "node-cidr-mask-size": "17"})
    park.add("late")
    park.pass_time(1)
    assert "podCIDR" not in park.node("late")["spec"]
    assert park.messages("CIDRNotAvailable") == ["Node late status is now: CIDRNotAvailable"]
    park.api.delete("Node", "", "node-0")
    park.die("node-0")
    park.pass_time(1)
    assert park.node("late")["spec"]["podCIDRs"] == ["10.20.0.0/17"]


def test_no_ranges_without_the_flag() -> None:
    assert "podCIDR" not in Park(1).node("node-0")["spec"]


@pytest.mark.parametrize(("nodes", "seconds"), [(3, "0"), (101, "15")])
def test_kubelets_may_cache_the_longer_the_more_nodes_there_are(nodes: int, seconds: str) -> None:
    park = Park()
    for number in range(nodes):
        metadata = {"name": f"n-{number}", "annotations": {KWOK: "fake"}}
        park.api.create("Node", {"metadata": metadata, "spec": {}})
    park.cluster.advance(1)
    park.api.create("Node", {"metadata": {"name": "last"}, "spec": {}})
    park.cluster.advance(1)
    assert park.node("last")["metadata"]["annotations"]["node.alpha.kubernetes.io/ttl"] == seconds
