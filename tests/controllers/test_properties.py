"""What holds whatever happens: convergence, the strategy's promises, and that restarts lose and double nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_core.apiserver.parts import Change
from cluster_core.controllers.pods import is_active, is_ready
from cluster_core.controllers.runtime import ControllerPart
from cluster_core.machinery.typed import Obj
from tests.builders import pod_template, workload
from tests.controllers.stage import Stage, image_of

FEW = settings(max_examples=12, deadline=None)

actions = st.lists(
    st.tuples(st.sampled_from(["scale", "delete", "fail", "relabel", "stray", "wait"]), st.integers(0, 6)), max_size=8
)


def act(stage: Stage, kind: str, action: str, number: int) -> None:
    pods = [pod for pod in stage.pods(app="web") if is_active(pod)]
    if action == "scale":
        stage.change(kind, replicas=number)
    elif action == "wait":
        stage.pass_time(number / 4)
    elif action == "stray":
        metadata = {"generateName": "stray-", "namespace": "default", "labels": {"app": "web"}}
        stage.api.create("Pod", {**pod_template(), "metadata": metadata})
    elif pods:
        hurt(stage, action, pods[number % len(pods)])


def hurt(stage: Stage, action: str, pod: Obj) -> None:
    name = pod["metadata"]["name"]
    if action == "delete":
        stage.api.delete("Pod", "default", name)
    elif action == "relabel":
        stage.api.patch("Pod", "default", name, {"metadata": {"labels": {"app": "other"}}})
    else:
        stage.api.update_status("Pod", {**pod, "status": {**pod["status"], "phase": "Failed"}})


@FEW
@given(start=st.integers(0, 6), steps=actions)
def test_a_replica_set_converges_from_any_state(start: int, steps: Iterable[tuple[str, int]]) -> None:
    stage = Stage()
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=start))
    for action, number in steps:
        act(stage, "ReplicaSet", action, number)
    assert stage.settle(120)
    wanted, uid = stage.get("ReplicaSet")["spec"]["replicas"], stage.get("ReplicaSet")["metadata"]["uid"]
    owned = [pod for pod in stage.api.owned("Pod", uid) if is_active(pod)]
    assert len(owned) == wanted
    assert all(pod["metadata"]["labels"]["app"] == "web" for pod in owned)
    assert stage.status("ReplicaSet")["replicas"] == wanted
    assert stage.status("ReplicaSet").get("availableReplicas", 0) == wanted


class Watchman:
    """Counts, at every change of a pod, the pods that are there and those that are available."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.fewest, self.most = 10**6, 0
        stage.cluster.observe(self.look)

    def look(self, change: Change) -> None:
        if change.kind.name != "Pod":
            return
        active = [pod for pod in self.stage.pods(app="web") if is_active(pod)]
        self.most = max(self.most, len(active))
        self.fewest = min(self.fewest, sum(map(is_ready, active)))


strategies = st.tuples(st.integers(1, 7), st.integers(0, 4), st.integers(0, 4)).filter(lambda it: it[1] + it[2] > 0)


@FEW
@given(shape=strategies, images=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3), pause=st.integers(0, 3))
def test_a_rolling_update_keeps_what_its_strategy_promises(
    shape: tuple[int, int, int], images: list[str], pause: int
) -> None:
    replicas, surge, unavailable = shape
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    stage = Stage()
    stage.api.create("Deployment", workload("Deployment", replicas=replicas, strategy={"rollingUpdate": rolling}))
    assert stage.settle(60)
    watchman = Watchman(stage)
    for image in images:
        stage.new_image("Deployment", image)
        stage.pass_time(pause / 20)
    assert stage.settle(120)
    assert {image_of(pod) for pod in stage.pods()} == {images[-1]}
    assert len(stage.pods()) == replicas
    assert watchman.fewest >= replicas - unavailable
    assert watchman.most <= replicas + surge


PARTS = ("controller/deployment", "controller/replicaset", "controller/job", "controller/statefulset")
restarts = st.lists(st.tuples(st.sampled_from(PARTS), st.integers(1, 40), st.integers(0, 40)), max_size=8)


def restart(stage: Stage, name: str, before: int, down: int) -> None:
    """Stop a controller after some hundredths of a second and start a fresh one some later."""
    stage.pass_time(before / 100)
    part: Any = stage.cluster.parts[name]
    stage.cluster.remove_part(name)
    stage.pass_time(down / 100)
    fresh = ControllerPart(part.controller, stage.cluster.world, {})
    stage.cluster.add_part(fresh)
    fresh.resync()


@FEW
@given(stops=restarts)
def test_stopping_and_starting_parts_loses_and_doubles_nothing(stops: list[tuple[str, int, int]]) -> None:
    stage = Stage(nodes=3)
    stage.api.create("Deployment", workload("Deployment", "web", replicas=4))
    stage.api.create("StatefulSet", workload("StatefulSet", "db", replicas=3, serviceName="db"))
    pod = {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": "Never"}
    spec = {"completions": 5, "parallelism": 2, "completionMode": "Indexed", "template": {"spec": pod}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sum"}, "spec": spec}
    assert stage.call("POST", "/apis/batch/v1/namespaces/default/jobs", job).status == 201
    stage.new_image("Deployment", "nginx:2")
    for stop in stops:
        restart(stage, *stop)
    stage.pass_time(30)
    assert len(stage.pods(app="web")) == 4
    assert {image_of(pod) for pod in stage.pods(app="web")} == {"nginx:2"}
    assert [pod["metadata"]["name"] for pod in stage.pods(app="db")] == ["db-0", "db-1", "db-2"]
    assert stage.status("Job", "sum")["succeeded"] == 5
    assert stage.status("Job", "sum")["completedIndexes"] == "0-4"
    assert stage.status("Job", "sum")["uncountedTerminatedPods"] == {}
    assert len([pod for pod in stage.pods() if pod["metadata"]["name"].startswith("sum-")]) == 5


@FEW
@given(steps=actions)
def test_the_same_steps_give_the_same_cluster(steps: list[tuple[str, int]]) -> None:
    digests = set()
    for _ in range(2):
        stage = Stage()
        stage.api.create("Deployment", workload("Deployment", replicas=3))
        for action, number in steps:
            act(stage, "Deployment", action, number)
        stage.settle(60)
        digests.add(stage.cluster.state_hash())
    assert len(digests) == 1
