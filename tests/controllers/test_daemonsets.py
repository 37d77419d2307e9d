"""DaemonSets run one pod on every node that fits."""

from __future__ import annotations

from typing import Any

from cluster_core.controllers.daemonnodes import should_run
from cluster_core.machinery.typed import Obj
from tests.builders import pod_template, workload
from tests.controllers.stage import Stage, image_of


def daemons(nodes: int = 2, *, played: bool = True, **spec: Any) -> Stage:
    stage = Stage(nodes=nodes, played=played)
    stage.api.create("DaemonSet", workload("DaemonSet", replicas=None, **spec))
    stage.settle(60)
    return stage


def where(stage: Stage) -> list[str]:
    return sorted(pod["spec"].get("nodeName", "") for pod in stage.pods())


def test_every_node_gets_a_pod_and_so_does_a_new_one() -> None:
    stage = daemons()
    assert where(stage) == ["node-0", "node-1"]
    stage.node("late")
    stage.settle(60)
    assert where(stage) == ["late", "node-0", "node-1"]
    assert stage.status("DaemonSet")["numberAvailable"] == 3


def test_a_pod_is_pinned_to_its_node_and_bound_by_the_scheduler() -> None:
    stage = daemons(1)
    required = stage.pods()[0]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    match = {"key": "metadata.name", "operator": "In", "values": ["node-0"]}
    assert required["nodeSelectorTerms"] == [{"matchFields": [match]}]
    assert len(stage.events("Scheduled")) == 1


def test_a_node_that_no_longer_fits_loses_its_pod() -> None:
    stage = daemons(2, template=pod_template(labels={"app": "web"}, nodeSelector={"kubernetes.io/hostname": "node-1"}))
    assert where(stage) == ["node-1"]
    stage.api.patch("Node", "", "node-1", {"metadata": {"labels": {"kubernetes.io/hostname": "other"}}})
    stage.settle(60)
    assert where(stage) == []


def some_node(*taints: tuple[str, str]) -> Obj:
    return {"metadata": {"name": "n"}, "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints]}}


def test_taints_decide_who_may_come_and_who_may_stay() -> None:
    owner = {"spec": {"template": {"spec": {"containers": []}}}}
    assert should_run(owner, some_node()) == (True, True)
    assert should_run(owner, some_node(("node.kubernetes.io/unschedulable", "NoSchedule"))) == (True, True)
    assert should_run(owner, some_node(("special", "NoSchedule"))) == (False, True)
    assert should_run(owner, some_node(("special", "NoExecute"))) == (False, False)
    assert should_run(owner, some_node(("node.kubernetes.io/not-ready", "NoExecute"))) == (True, True)


def test_an_update_replaces_one_node_after_the_other() -> None:
    stage = daemons(3, played=False)
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.settle(60)
    stage.new_image("DaemonSet", "nginx:2")
    stage.pass_time(5)
    leaving = [pod for pod in stage.api.list("Pod", "default") if "deletionTimestamp" in pod["metadata"]]
    assert len(leaving) == 1
    assert stage.status("DaemonSet")["numberAvailable"] == 2 or len(stage.pods()) == 2


def test_with_surge_the_old_pod_goes_when_the_new_one_is_available() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    stage = daemons(1, played=False, updateStrategy=strategy)
    stage.run_pod(stage.pods()[0])
    stage.settle(60)
    stage.new_image("DaemonSet", "nginx:2")
    stage.pass_time(5)
    assert sorted(map(image_of, stage.pods())) == ["nginx", "nginx:2"]
    stage.run_pod(next(pod for pod in stage.pods() if image_of(pod) == "nginx:2"))
    stage.pass_time(5)
    assert [image_of(pod) for pod in stage.pods()] == ["nginx:2"]


def test_a_pod_that_keeps_failing_is_replaced_more_and_more_slowly() -> None:
    stage = daemons(1, played=False)
    starts = []
    for _ in range(4):
        stage.end_pod(stage.pods()[0], 1)
        failed = stage.cluster.now
        for _ in range(100):
            stage.pass_time(0.2)
            for pod in stage.api.list("Pod", "default"):
                if "deletionTimestamp" in pod["metadata"]:
                    stage.api.delete("Pod", "default", pod["metadata"]["name"], grace=0)
            if stage.pods() and stage.pods()[0]["status"]["phase"] == "Pending" and stage.pods()[0]["spec"].get("nodeName"):
                break
        starts.append((stage.cluster.now - failed) / 1e6)
    assert starts[0] < 1.5
    assert starts[-1] > 2.5 > starts[1]


def test_old_revisions_beyond_the_limit_are_deleted() -> None:
    stage = daemons(1, revisionHistoryLimit=1)
    for number in range(2, 6):
        stage.new_image("DaemonSet", f"nginx:{number}")
        stage.settle(60)
    assert sorted(one["revision"] for one in stage.api.list("ControllerRevision", "default")) == [4, 5]
