"""What a kubelet refuses although it was bound to its node, in its words, and for whom it makes room. The pods here are bound
by hand, past the scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery import podrequests
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.nodes import park_of
from tests.builders import Engine
from tests.kubelet.test_pod_lifecycle import events, run, sh, status

NODE = "node-1"
CRITICAL = {"priorityClassName": "system-node-critical"}


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1, cpu="4", memory="4Gi")


def asks(cpu: str = "", memory: str = "", limit: bool = False) -> dict[str, Any]:
    amounts = {name: amount for name, amount in (("cpu", cpu), ("memory", memory)) if amount}
    return {"resources": {"requests": amounts, **({"limits": amounts} if limit else {})}}


def refused(engine: Engine, name: str, reason: str, message: str) -> None:
    found = status(engine, name)
    assert (found["phase"], found["reason"], found["message"]) == ("Failed", reason, f"Pod was rejected: {message}")
    assert (reason, message) in events(engine, name), "the event goes without the prefix"


def bind(engine: Engine, name: str) -> None:
    binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
    assert engine.call("POST", f"/api/v1/namespaces/default/pods/{name}/binding", binding).status == 201


def test_what_others_have_asked_for_is_not_there_any_more(engine):
    run(engine, "there", container=asks(cpu="3"), nodeName=NODE)
    engine.settle()
    used = 4000 - free(engine)
    run(engine, "late", container=asks(cpu="2"), nodeName=NODE)
    engine.settle()
    refused(engine, "late", "OutOfcpu", f"Node didn't have enough resource: cpu, requested: 2000, used: {used}, capacity: 4000")


def free(engine: Engine) -> int:
    pods = engine.api.on_node("Pod", NODE)
    return 4000 - sum(podrequests.requests(pod["spec"]).get("cpu", 0) for pod in pods)


def test_of_pods_that_come_together_the_first_is_taken(engine):
    for name in ("one", "two"):
        run(engine, name, container=asks(cpu="3"), nodeName=NODE)
    engine.settle()
    assert sorted(status(engine, name)["phase"] for name in ("one", "two")) == ["Failed", "Running"]


def test_a_pod_bound_by_hand_is_checked_as_well(engine):
    run(engine, "big", container=asks(cpu="100"), schedulerName="by-hand")
    bind(engine, "big")
    engine.settle()
    assert status(engine, "big")["reason"] == "OutOfcpu"


def test_an_ended_pod_leaves_its_room_to_others(engine):
    run(engine, "short", "busybox", {**sh("sleep 5"), **asks(cpu="3")}, nodeName=NODE, restartPolicy="Never")
    engine.settle()
    run(engine, "next", container=asks(cpu="3"), nodeName=NODE)
    engine.settle()
    assert status(engine, "next")["phase"] == "Running"


def test_too_many_pods_are_told_before_anything_else(engine):
    machine = park_of(engine.cluster).machines[NODE]
    node = engine.api.get("Node", "", NODE)
    count = len(engine.api.on_node("Pod", NODE))
    allocatable = {**node["status"]["allocatable"], "pods": str(count)}
    engine.api.update_status("Node", {**node, "status": {**node["status"], "allocatable": allocatable}})
    run(engine, "more", container=asks(cpu="100"), nodeName=NODE)
    engine.settle()
    assert machine.well
    refused(engine, "more", "OutOfpods", f"Node didn't have enough resource: pods, requested: 1, used: {count}, capacity: {count}")


def test_a_taint_that_drives_pods_away_keeps_them_out(engine):
    run(engine, "web", nodeName=NODE)
    engine.api.patch("Node", "", NODE, {"spec": {"taints": [{"key": "gone", "effect": "NoExecute"}]}})
    engine.cluster.advance(1)
    found = status(engine, "web") if engine.api.get("Pod", "default", "web") else None
    assert found is None or found["reason"] == "TaintToleration"
    run(engine, "patient", nodeName=NODE, tolerations=[{"key": "gone", "operator": "Exists"}])
    engine.settle()
    assert status(engine, "patient")["phase"] == "Running"


def test_a_kernel_parameter_that_is_not_safe_is_forbidden_unless_the_kubelet_allows_it(engine):
    wanted = {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "65536"}]}}
    run(engine, "tuned", nodeName=NODE, **wanted)
    engine.settle()
    refused(engine, "tuned", "SysctlForbidden", 'forbidden sysctl: "kernel.msgmax" not allowlisted')
    park_of(engine.cluster).machines[NODE].settings = {"unsafeSysctls": ["kernel.msg*"]}
    run(engine, "allowed", nodeName=NODE, **wanted)
    engine.settle()
    assert status(engine, "allowed")["phase"] == "Running"


def test_pods_for_windows_do_not_run_on_linux(engine):
    run(engine, "window", nodeName=NODE, os={"name": "windows"})
    engine.settle()
    refused(engine, "window", "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")


# ---------------------------------------------------------------------------------------------------- critical pods


def test_a_critical_pod_ends_others_to_be_admitted(engine):
    run(engine, "effortless", nodeName=NODE)
    run(engine, "small", container=asks(cpu="500m"), nodeName=NODE)
    run(engine, "big", container=asks(cpu="2500m"), nodeName=NODE)
    engine.settle()
    run(engine, "vital", container=asks(cpu="2"), nodeName=NODE, **CRITICAL)
    engine.settle()
    assert status(engine, "vital")["phase"] == "Running"
    found = status(engine, "big")
    assert (found["phase"], found["reason"], found["message"]) == ("Failed", "Preempting", "Preempted in order to admit critical pod")
    disruption = next(each for each in found["conditions"] if each["type"] == "DisruptionTarget")
    assert (disruption["reason"], disruption["message"]) == ("TerminationByKubelet", "Pod was preempted by Kubelet to accommodate a critical pod.")
    assert ("Preempting", "Preempted in order to admit critical pod") in events(engine, "big")
    assert status(engine, "small")["phase"] == status(engine, "effortless")["phase"] == "Running", "the one that comes nearest is enough"


def test_guaranteed_pods_are_ended_last(engine):
    run(engine, "sure", container=asks("1", "1Gi", limit=True), nodeName=NODE)
    run(engine, "usual", container=asks("1500m"), nodeName=NODE)
    engine.settle()
    run(engine, "vital", container=asks(cpu="2500m"), nodeName=NODE, **CRITICAL)
    engine.settle()
    assert [status(engine, name)["phase"] for name in ("sure", "usual", "vital")] == ["Running", "Failed", "Running"]


def test_a_critical_pod_that_nobodys_end_would_help_is_refused(engine):
    run(engine, "usual", container=asks("1500m"), nodeName=NODE)
    engine.settle()
    run(engine, "vital", container=asks(cpu="64"), nodeName=NODE, **CRITICAL)
    engine.settle()
    found = status(engine, "vital")
    assert found["reason"] == "UnexpectedAdmissionError"
    assert "preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: " in found["message"]
    assert status(engine, "usual")["phase"] == "Running"


def test_a_critical_pod_waits_while_its_victims_end_and_ends_no_more_of_them(engine):
    for name in ("one", "two", "three"):
        run(engine, name, "busybox", {"command": ["sleep", "9999"], **asks(cpu="1")}, nodeName=NODE, terminationGracePeriodSeconds=40)
    engine.settle()
    run(engine, "vital", container=asks(cpu="1"), nodeName=NODE, **CRITICAL)
    engine.cluster.advance(20)
    engine.api.patch("Pod", "default", "vital", {"metadata": {"labels": {"seen": "again"}}})
    assert "startTime" not in status(engine, "vital")
    saved = Cluster.load(engine.cluster.save())
    for cluster in (engine.cluster, saved):
        cluster.settle()
        phases = [cluster.world.client("tester").get("Pod", "default", name)["status"]["phase"] for name in ("one", "two", "three", "vital")]
        assert sorted(phases) == ["Failed", "Running", "Running", "Running"] and phases[3] == "Running"
