"""Nodes that run out of something: conditions, taints, who is evicted and why; limits on what a pod writes."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.nodes import fleet_of, park_of
from tests.builders import Engine
from tests.kubelet.test_pod_lifecycle import events, run, sh, status

NODE = "node-1"


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1, memory="4Gi")


def hungry(size: str, request: str = "", **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"command": ["stress"], "args": ["--vm", "1", "--vm-bytes", size], **more}
    return {**container, "resources": {"requests": {"memory": request}}} if request else container


def condition(engine: Engine, type: str) -> Any:
    conditions = engine.api.get("Node", "", NODE)["status"]["conditions"]
    return next(each for each in conditions if each["type"] == type)


def taints(engine: Engine) -> list[str]:
    return [each["key"] for each in engine.api.get("Node", "", NODE)["spec"].get("taints", ())]


def test_a_node_short_of_memory_says_so_and_evicts_who_uses_more_than_requested(engine):
    run(engine, "modest", "polinux/stress", hungry("1G", "1Gi"))
    run(engine, "greedy", "polinux/stress", hungry("3G", "100Mi"))
    engine.cluster.advance(40)
    found = status(engine, "greedy")
    assert (found["phase"], found["reason"]) == ("Failed", "Evicted")
    assert found["message"].startswith("The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
    assert found["message"].endswith("Container c was using 3Gi, request is 100Mi, has larger consumption of memory. ")
    disruption = next(each for each in found["conditions"] if each["type"] == "DisruptionTarget")
    assert (disruption["status"], disruption["reason"]) == ("True", "TerminationByKubelet")
    assert ("Evicted", found["message"]) in events(engine, "greedy")
    assert status(engine, "modest")["phase"] == "Running"
    assert condition(engine, "MemoryPressure")["reason"] == "KubeletHasInsufficientMemory"
    assert "node.kubernetes.io/memory-pressure" in taints(engine)
    assert {"EvictionThresholdMet", "NodeHasInsufficientMemory"} <= {reason for reason, _ in events(engine, NODE)}


def test_the_condition_stays_for_five_minutes_and_keeps_best_effort_pods_away(engine):
    run(engine, "greedy", "polinux/stress", hungry("5G"))
    engine.cluster.advance(60)
    assert status(engine, "greedy")["reason"] == "Evicted"
    run(engine, "effortless", nodeName=NODE)
    run(engine, "asking", container={"resources": {"requests": {"cpu": "10m"}}}, nodeName=NODE)
    engine.cluster.advance(60)
    refused = status(engine, "effortless")
    assert (refused["phase"], refused["reason"]) == ("Failed", "Evicted")
    assert refused["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. "
    assert status(engine, "asking")["phase"] == "Running"
    engine.cluster.advance(300)
    assert condition(engine, "MemoryPressure")["status"] == "False"
    assert "node.kubernetes.io/memory-pressure" not in taints(engine)


def test_priority_decides_among_those_that_use_more_than_requested(engine):
    engine.api.create("PriorityClass", {"metadata": {"name": "high"}, "value": 1000})
    run(engine, "important", "polinux/stress", hungry("2200M"), priorityClassName="high")
    run(engine, "plain", "polinux/stress", hungry("1500M"))
    engine.cluster.advance(60)
    assert status(engine, "plain")["reason"] == "Evicted" and status(engine, "important")["phase"] == "Running"


def test_others_than_pods_can_fill_a_node_up(engine):
    run(engine, "web")
    engine.settle()
    engine.cluster.command("node-load", {"node": NODE, "memory": "3650Mi"})
    engine.cluster.advance(60)
    assert status(engine, "web")["reason"] == "Evicted"
    engine.cluster.command("node-load", {"node": NODE, "memory": 0})
    assert engine.settle()
    assert condition(engine, "MemoryPressure")["status"] == "False"


def test_disk_pressure_removes_unused_images_before_it_evicts(engine):
    run(engine, "gone", "mongo:8.0")
    run(engine, "web")
    engine.settle()
    engine.api.delete("Pod", "default", "gone")
    engine.settle()
    assert any("mongo" in image for image in park_of(engine.cluster).machines[NODE].images)
    machine = park_of(engine.cluster).machines[NODE]
    used = sum(fleet_of(engine.cluster).workloads.find(image).size for image in machine.images) + (4 << 30)
    engine.cluster.command("node-load", {"node": NODE, "storage": str((100 << 30) * 85 // 100 - used + (50 << 20))})
    engine.cluster.advance(60)
    assert not any("mongo" in image for image in machine.images)
    assert status(engine, "web")["phase"] == "Running"
    assert condition(engine, "DiskPressure")["status"] == "True"


def test_process_numbers_count_when_the_configuration_says_so(engine):
    park_of(engine.cluster).machines[NODE].settings = {"evictionHard": {"pid.available": "10%"}}
    run(engine, "web")
    engine.settle()
    engine.cluster.command("node-load", {"node": NODE, "pids": "31000"})
    engine.cluster.advance(60)
    assert condition(engine, "PIDPressure")["status"] == "True"
    assert status(engine, "web")["message"].startswith("The node was low on resource: pids. ")


def test_what_is_reserved_is_not_allocatable(engine):
    machine = park_of(engine.cluster).machines[NODE]
    kept = {"cpu": ["500m"], "memory": ["256Mi", "256Mi"]}
    machine.settings = {"reserved": kept, "evictionHard": {"memory.available": "500Mi"}, "maxPods": 20}
    fleet_of(engine.cluster).register(machine)
    found = engine.api.get("Node", "", NODE)["status"]["allocatable"]
    assert (found["cpu"], found["memory"], found["pods"]) == ("3500m", f"{(4096 - 512 - 500) * 1024}Ki", "20")


def cache(limit: str) -> list[dict[str, Any]]:
    return [{"name": "cache", "emptyDir": {"sizeLimit": limit}}]


MOUNT = {"volumeMounts": [{"name": "cache", "mountPath": "/cache"}]}


def test_an_empty_dir_that_grows_beyond_its_limit_costs_the_pod_its_place(engine):
    writes = sh("sleep 20; dd if=/dev/zero of=/cache/file bs=1M count=200; sleep 9999")
    run(engine, "fills", "busybox", {**writes, **MOUNT}, volumes=cache("100Mi"))
    engine.cluster.advance(20)
    assert status(engine, "fills")["phase"] == "Running"
    engine.cluster.advance(40)
    found = status(engine, "fills")
    assert (found["reason"], found["message"]) == ("Evicted", 'Usage of EmptyDir volume "cache" exceeds the limit "100Mi". ')


def test_a_large_file_that_is_removed_in_time_harms_nobody(engine):
    writes = sh("fallocate -l 200M /cache/file; sleep 1; rm /cache/file; sleep 9999")
    run(engine, "tidy", "busybox", {**writes, **MOUNT}, volumes=cache("100Mi"))
    engine.cluster.advance(60)
    assert status(engine, "tidy")["phase"] == "Running"


def test_a_container_beyond_its_limit_of_ephemeral_storage_is_evicted(engine):
    limit = {"resources": {"limits": {"ephemeral-storage": "50Mi"}}}
    run(engine, "writes", "busybox", {**sh("dd if=/dev/zero of=/tmp/file bs=1M count=60; sleep 9999"), **limit})
    engine.cluster.advance(60)
    assert status(engine, "writes")["message"] == "Pod ephemeral local storage usage exceeds the total limit of containers 50Mi. "


def test_a_command_from_outside_can_fill_a_volume_too(engine):
    run(engine, "web", container=MOUNT, volumes=cache("10Mi"))
    engine.settle()
    fleet = fleet_of(engine.cluster)
    pod = engine.api.get("Pod", "default", "web")
    fleet.inside.execute(pod, "", ["dd", "if=/dev/zero", "of=/cache/big", "bs=1M", "count=20"])
    fleet.disturb(pod, "c")
    engine.cluster = Cluster.load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    engine.cluster.advance(30)
    assert status(engine, "web")["reason"] == "Evicted"


def test_a_node_that_is_not_short_of_anything_does_nothing(engine):
    run(engine, "web")
    engine.settle()
    engine.cluster.advance(60)
    before = engine.cluster.revision
    engine.cluster.advance(3600)
    assert engine.cluster.revision == before


def test_a_kubelet_that_starts_tells_how_its_node_is(engine):
    engine.cluster.command("add-node", {"name": "new"})
    told = [reason for reason, _ in events(engine, "new")]
    assert told[:5] == ["Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"]
    engine.cluster.command("kill-node", {"node": "new"})
    engine.cluster.advance(60)
    engine.cluster.command("revive-node", {"node": "new"})
    engine.settle()
    assert any(text.startswith("Node new has been rebooted, boot id: ") for _, text in events(engine, "new"))


# ---------------------------------------------------------------------------------------------------- soft thresholds


def soft(engine: Engine, threshold: str, grace: str, **more: Any) -> None:
    settings = {"evictionSoft": {"memory.available": [threshold, grace]}, "maxPodGrace": 20, **more}
    park_of(engine.cluster).machines[NODE].settings = settings


def test_a_soft_threshold_evicts_only_when_its_grace_is_over(engine):
    soft(engine, "1Gi", "2m")
    run(engine, "web", "polinux/stress", hungry("2800M"))
    engine.cluster.advance(60)
    assert condition(engine, "MemoryPressure")["status"] == "True", "the condition does not wait for the grace"
    assert status(engine, "web")["phase"] == "Running"
    engine.cluster.advance(120)
    found = status(engine, "web")
    assert (found["phase"], found["reason"]) == ("Failed", "Evicted")
    assert found["message"].startswith("The node was low on resource: memory. Threshold quantity: 1Gi, available: ")


def test_a_soft_threshold_that_is_no_longer_crossed_in_time_evicts_nobody(engine):
    soft(engine, "1Gi", "2m")
    run(engine, "web", "polinux/stress", hungry("1G"))
    run(engine, "passing", "polinux/stress", hungry("2200M"), terminationGracePeriodSeconds=1)
    engine.cluster.advance(60)
    engine.api.delete("Pod", "default", "passing", grace=0)
    engine.cluster.advance(30)
    run(engine, "again", "polinux/stress", hungry("2200M", "1Gi"), nodeName=NODE)
    engine.cluster.advance(100)
    assert status(engine, "web")["phase"] == status(engine, "again")["phase"] == "Running", "its grace has begun anew"


@pytest.mark.parametrize(("most", "own", "lasts"), [(20, 60, 20), (20, 5, 5), (0, 60, 2)])
def test_a_soft_eviction_leaves_the_pod_its_grace_up_to_the_kubelets_maximum(engine, most, own, lasts):
    soft(engine, "1Gi", "30s", maxPodGrace=most)
    stubborn = {"command": ["sleep", "9999"]}
    run(engine, "web", "busybox", stubborn, terminationGracePeriodSeconds=own)
    engine.settle()
    engine.cluster.command("node-load", {"node": NODE, "memory": "2900Mi"})
    engine.cluster.advance(29)
    assert not engine.events("Evicted")
    engine.cluster.advance(lasts)
    assert engine.events("Evicted") and status(engine, "web")["phase"] == "Running"
    engine.cluster.advance(5)
    assert status(engine, "web")["reason"] == "Evicted"


@pytest.mark.parametrize(("reclaim", "leave"), [({}, 1), ({"memory.available": "1Gi"}, 2)])
def test_evictions_go_on_until_the_minimum_reclaim_is_free_as_well(engine, reclaim, leave):
    park_of(engine.cluster).machines[NODE].settings = {"minimumReclaim": reclaim}
    names = ("one", "two", "three", "four")
    for name in names:
        run(engine, name, "polinux/stress", hungry("900M"))
    engine.cluster.advance(120)
    assert sum(status(engine, name).get("reason") == "Evicted" for name in names) == leave


def test_pods_may_not_take_what_is_reserved_for_the_system(engine):
    park_of(engine.cluster).machines[NODE].settings = {"reserved": {"memory": ["2Gi"]}}
    run(engine, "web", "polinux/stress", hungry("2G"))
    engine.cluster.advance(60)
    assert status(engine, "web")["message"].startswith("The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
