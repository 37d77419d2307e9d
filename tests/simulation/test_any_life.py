"""Whatever people do to a cluster with objects of many kinds: nothing in it stumbles, and putting it away changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.saved import ClusterSpec
from tests.builders import pod_template, workload

NAMES = ("a", "b", "c")
WAITS = (0.0, 0.3, 1.0, 2.5, 7.0, 31.0, 65.0)
PARTS = ("etcd", "apiserver", "scheduler", "controller-manager", "kubelet")
NODES = ("node-1", "node-2", "node-3")


def template(name: str, cpu: str) -> dict[str, Any]:
    found = pod_template(labels={"app": name})
    found["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    return found


def script(text: str, restart: str) -> dict[str, Any]:
    return {"restartPolicy": restart, "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", text]}]}


def stateful(name: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = [{"metadata": {"name": "data"}, "spec": spec}]
    return workload("StatefulSet", name, serviceName=name, template=template(name, "200m"), volumeClaimTemplates=claims)


def autoscaler(name: str) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    return {"spec": {"minReplicas": 1, "maxReplicas": 6, "scaleTargetRef": target, "metrics": [cpu]}}


def urgent(name: str) -> dict[str, Any]:
    probes = {"readinessProbe": {"httpGet": {"port": 80}, "periodSeconds": 3}, "livenessProbe": {"exec": {"command": ["true"]}}}
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "1500m"}}, **probes}
    return {"spec": {"priorityClassName": "high", "containers": [container]}}


KINDS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "deployment": ("Deployment", lambda name: workload("Deployment", name, 4, template=template(name, "500m"))),
    "statefulset": ("StatefulSet", stateful),
    "daemonset": ("DaemonSet", lambda name: workload("DaemonSet", name, None, template=template(name, "100m"))),
    "job": ("Job", lambda name: {"spec": {"completions": 4, "parallelism": 2, "backoffLimit": 3,
                                          "template": {"spec": script("sleep 7; exit $((RANDOM % 2))", "Never")}}}),
    "cronjob": ("CronJob", lambda name: {"spec": {"schedule": "* * * * *", "jobTemplate": {
        "spec": {"template": {"spec": script("date; sleep 3", "OnFailure")}}}}}),
    "autoscaler": ("HorizontalPodAutoscaler", autoscaler),
    "budget": ("PodDisruptionBudget", lambda name: {"spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": name}}}}),
    "service": ("Service", lambda name: {"spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}),
    "crashing": ("Pod", lambda name: {"spec": script("sleep 5; exit 1", "Always")}),
    "urgent": ("Pod", urgent),
    "quota": ("ResourceQuota", lambda name: {"spec": {"hard": {"pods": "12"}}}),
}  # fmt: skip


class Life:
    """One cluster and what people do to it. What the cluster refuses is refused; anything else that is raised is a bug."""

    def __init__(self) -> None:
        self.cluster = Cluster.create(ClusterSpec("one", nodes=3, seed=5))
        self.cluster.world.client("people").create("PriorityClass", {"metadata": {"name": "high"}, "value": 1000})

    def do(self, what: str, number: int) -> None:
        name, node = NAMES[number % len(NAMES)], NODES[number % len(NODES)]
        try:
            if what in KINDS:
                kind, make = KINDS[what]
                self.cluster.world.client("people").create(kind, {"metadata": {"name": name, "namespace": "default"}, **make(name)})
            elif what in ("kill-node", "revive-node", "cordon", "uncordon", "drain-node"):
                self.cluster.command(what, {"node": node})
            else:
                getattr(self, f"_{what}")(number, name)
        except (ApiError, CommandError):
            return  # an answer too: it is there already, it is gone, nobody answers

    def _stop(self, number: int, name: str) -> None:
        self.cluster.command("stop-component", {"component": PARTS[number % len(PARTS)], "node": NODES[number % len(NODES)]})

    def _start(self, number: int, name: str) -> None:
        self.cluster.command("start-component", {"component": PARTS[number % len(PARTS)], "node": NODES[number % len(NODES)]})

    def _scale(self, number: int, name: str) -> None:
        kind = ("Deployment", "StatefulSet")[number % 2]
        self.cluster.world.client("people").patch(kind, "default", name, {"spec": {"replicas": number % 7}})

    def _roll(self, number: int, name: str) -> None:
        kind = ("Deployment", "StatefulSet", "DaemonSet")[number // 3 % 3]
        patch = {"spec": {"template": {"metadata": {"annotations": {"version": str(number)}}}}}
        self.cluster.world.client("people").patch(kind, "default", name, patch)

    def _delete(self, number: int, name: str) -> None:
        kind = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service")[number % 6]
        how = ("Background", "Foreground", "Orphan")[number // 6 % 3]
        self.cluster.world.client("people").delete(kind, "default", name, propagation=how)

    def _relabel(self, number: int, name: str) -> None:
        api = self.cluster.world.client("people")
        for found in sorted(each["metadata"]["name"] for each in api.list("Pod", "default"))[: number % 3]:
            api.patch("Pod", "default", found, {"metadata": {"labels": {"app": name}}})

    def _remove(self, number: int, name: str) -> None:
        api = self.cluster.world.client("people")
        for found in sorted(each["metadata"]["name"] for each in api.list("Pod", "default"))[: number % 4]:
            api.delete("Pod", "default", found, grace=(None, 0)[number % 2])


DEEDS = ("kill-node", "revive-node", "cordon", "uncordon", "drain-node", "stop", "start", "scale", "roll", "delete", "relabel", "remove")
STEPS = st.lists(
    st.tuples(st.sampled_from([*KINDS, *KINDS, *DEEDS]), st.integers(0, 17), st.sampled_from(WAITS), st.booleans()), max_size=20
)
Steps = list[tuple[str, int, float, bool]]


def lived(steps: Steps, put_away: bool) -> list[str]:
    """The state after each step; `put_away`: with the cluster put away and taken up again where the steps say so."""
    life, states = Life(), []
    for what, number, wait, pause in steps:
        life.do(what, number)
        life.cluster.advance(wait)
        if pause and put_away:
            life.cluster = Cluster.load(life.cluster.save())
        states.append(life.cluster.state_hash())
    return states


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
@example([("deployment", 0, 7.0, False), ("stop", 0, 0.3, False), ("start", 0, 65.0, True)])
@example([("urgent", 0, 0.3, False), ("stop", 0, 65.0, True), ("start", 0, 7.0, True)])
@example([("stop", 3, 31.0, True), ("start", 3, 2.5, True), ("crashing", 1, 2.5, False)])
def test_a_cluster_of_many_kinds_goes_on_as_if_it_had_not_been_away(steps: Steps) -> None:
    assert lived(steps, put_away=True) == lived(steps, put_away=False)
