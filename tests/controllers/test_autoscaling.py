"""Autoscalers size workloads by their load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.apiserver.world import Usage
from cluster_core.controllers.hpascaling import Scaling
from tests.builders import pod_template, workload
from tests.controllers.stage import Stage

SECOND = 1_000_000


class Load:
    """Every pod uses so many millicores; a metric "requests" of an Ingress has a value."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.cpu = 0
        self.requests = 0

    def usage(self, namespace: str, pods: Sequence[str]) -> Mapping[str, Usage]:
        return {pod: Usage({"c": {"cpu": self.cpu}}, self.stage.cluster.now) for pod in pods}

    def custom(self, namespace: str, kind: str, name: str, metric: str) -> int | None:
        return self.requests * 1000 if metric == "requests" else None

    def external(self, namespace: str, metric: str, selector: Mapping[str, Any] | None) -> Sequence[int]:
        return [self.requests * 1000]


def autoscaled(*, load: bool = True, requests: str = "100m", **spec: Any) -> tuple[Stage, Load]:
    stage = Stage(nodes=3)
    template = pod_template(labels={"app": "web"})
    template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": requests}} if requests else {}
    stage.api.create("Deployment", workload("Deployment", replicas=2, template=template))
    metrics = Load(stage)
    if load:
        stage.cluster.world.metrics = metrics
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    body = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 10, "metrics": [cpu], **spec}
    stage.create("HorizontalPodAutoscaler", body)
    stage.pass_time(0.5)
    return stage, metrics


def size(stage: Stage) -> int:
    return int(stage.get("Deployment")["spec"]["replicas"])


def test_load_above_the_target_adds_replicas() -> None:
    stage, load = autoscaled()
    load.cpu = 100
    stage.pass_time(40)
    assert size(stage) >= 4
    reason = "cpu resource utilization (percentage of request) above target"
    assert stage.messages("SuccessfulRescale")[0] == f"New size: 4; reason: {reason}"
    assert stage.condition("HorizontalPodAutoscaler", "ScalingActive")["reason"] == "ValidMetricFound"


def test_a_small_difference_changes_nothing() -> None:
    stage, load = autoscaled()
    load.cpu = 53
    stage.pass_time(120)
    assert size(stage) == 2


def test_going_down_waits_for_five_minutes_of_calm() -> None:
    stage, load = autoscaled()
    load.cpu = 100
    stage.pass_time(50)
    high = size(stage)
    load.cpu = 1
    stage.pass_time(200)
    assert size(stage) == high
    assert stage.condition("HorizontalPodAutoscaler", "AbleToScale")["reason"] == "ScaleDownStabilized"
    stage.pass_time(400)
    assert size(stage) == 1


def test_the_maximum_is_never_exceeded() -> None:
    stage, load = autoscaled(maxReplicas=3)
    load.cpu = 1000
    stage.pass_time(120)
    assert size(stage) == 3
    assert stage.condition("HorizontalPodAutoscaler", "ScalingLimited")["reason"] == "TooManyReplicas"


def test_without_a_metrics_server_it_says_so_in_the_real_words() -> None:
    stage, _ = autoscaled(load=False)
    stage.pass_time(20)
    cause = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
        "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    active = stage.condition("HorizontalPodAutoscaler", "ScalingActive")
    assert active["reason"] == "FailedGetResourceMetric"
    assert active["message"] == f"the HPA was unable to compute the replica count: {cause}"
    assert stage.messages("FailedGetResourceMetric") == [cause]
    total = "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: "
    assert stage.messages("FailedComputeMetricsReplicas") == [total + cause]
    assert size(stage) == 2


def test_pods_that_request_nothing_cannot_be_judged() -> None:
    stage, load = autoscaled(requests="")
    load.cpu = 100
    stage.pass_time(60)
    message = stage.condition("HorizontalPodAutoscaler", "ScalingActive")["message"]
    assert "missing request for cpu in container c of Pod web-" in message


def test_a_missing_target_is_told() -> None:
    stage = Stage()
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"}
    stage.create("HorizontalPodAutoscaler", {"scaleTargetRef": reference, "maxReplicas": 3, "metrics": []})
    stage.pass_time(20)
    unable = stage.condition("HorizontalPodAutoscaler", "AbleToScale")
    assert unable["reason"] == "FailedGetScale"
    assert unable["message"].endswith('deployments/scale.apps "nobody" not found')


def test_a_metric_of_an_object_scales_too() -> None:
    about = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "main"}
    metric = {"describedObject": about, "metric": {"name": "requests"}, "target": {"type": "Value", "value": "10"}}
    stage, load = autoscaled(metrics=[{"type": "Object", "object": metric}])
    load.requests = 20
    stage.pass_time(20)
    assert size(stage) == 4


def test_a_cluster_with_an_autoscaler_is_stable() -> None:
    stage, load = autoscaled()
    load.cpu = 50
    stage.pass_time(60)
    assert stage.settle(5)


# ------------------------------------------------------------------------------------------------ behaviour


def scaling(behavior: Any, current: int = 10) -> Scaling:
    found = Scaling({}, 1000 * SECOND, current, 1, 100, behavior)
    found.begin()
    return found


def test_a_policy_limits_the_pods_added_per_period() -> None:
    policy = {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}
    found = scaling({"scaleUp": policy})
    decision = found.decide(50)
    assert (decision.replicas, decision.limit[0], decision.limited) == (12, "ScaleUpLimit", True)
    found.scaled(12)
    found.current, found.now = 12, found.now + 30 * SECOND
    assert found.decide(50).replicas == 12
    found.now += 40 * SECOND
    assert found.decide(50).replicas == 14


def test_a_disabled_direction_does_not_move() -> None:
    assert scaling({"scaleDown": {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}}).decide(1).replicas == 10


@pytest.mark.parametrize(("select", "expected"), [("Max", 5), ("Min", 9)])
def test_the_policy_with_the_most_or_the_least_change_is_chosen(select: str, expected: int) -> None:
    policies = [{"type": "Percent", "value": 50, "periodSeconds": 60}, {"type": "Pods", "value": 1, "periodSeconds": 60}]
    rules = {"policies": policies, "selectPolicy": select, "stabilizationWindowSeconds": 0}
    assert scaling({"scaleDown": rules}).decide(1).replicas == expected


def test_without_behaviour_size_at_most_doubles() -> None:
    assert scaling(None, current=5).decide(100).replicas == 10
    assert scaling(None, current=1).decide(100).replicas == 4


def applied(stage: Stage, replicas: int | None) -> tuple[int, Any]:
    """Server-side apply of the deployment, with or without a wish for its size."""
    body = workload("Deployment", template=pod_template(labels={"app": "web"}))
    body |= {"apiVersion": "apps/v1", "kind": "Deployment"}
    body["spec"] = {key: value for key, value in body["spec"].items() if key != "replicas"}
    body["spec"] |= {"replicas": replicas} if replicas is not None else {}
    path, query = "/apis/apps/v1/namespaces/default/deployments/web", (("fieldManager", "me"),)
    headers = {"content-type": "application/apply-patch+yaml"}
    answer = stage.cluster.submit(ApiRequest("PATCH", path, query, headers, orjson.dumps(body), ADMIN))
    return answer.status, answer.json()


def test_who_applies_another_size_conflicts_with_the_autoscaler() -> None:
    stage = Stage(nodes=3)
    assert applied(stage, 2)[0] == 201
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    stage.create("HorizontalPodAutoscaler", {"scaleTargetRef": reference, "minReplicas": 4, "maxReplicas": 10, "metrics": [cpu]})
    stage.pass_time(40)
    assert size(stage) == 4
    status, told = applied(stage, 2)
    owner = 'conflict with "kube-controller-manager" with subresource "scale" using apps/v1'
    assert (status, told["message"]) == (409, f"Apply failed with 1 conflict: {owner}: .spec.replicas")
    assert applied(stage, None)[0] == 200, "who says nothing of the size leaves it"
    assert size(stage) == 4
