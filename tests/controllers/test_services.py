"""Endpoints, slices, mirrors and load balancers of services."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery.typed import Obj
from tests.builders import Engine, pod, workload
from tests.controllers.stage import Stage

NAME = "kubernetes.io/service-name"


def service(name: str = "web", selector: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"ports": [{"name": "http", "port": 80, "targetPort": 8080}], **spec}
    if selector is not None:
        body["selector"] = selector
    return {"metadata": {"name": name, "namespace": "default"}, "spec": body}


def slices(stage: Engine, name: str = "web") -> list[Obj]:
    every = stage.api.list("EndpointSlice", "default")
    return [found for found in every if found["metadata"].get("labels", {}).get(NAME) == name]


def addresses(stage: Engine, name: str = "web") -> list[str]:
    return sorted(each["addresses"][0] for found in slices(stage, name) for each in found.get("endpoints") or ())


@pytest.fixture
def stage() -> Stage:
    return Stage(2)


def test_every_ready_pod_stands_once_behind_its_service(stage: Stage) -> None:
    stage.api.create("Service", service(selector={"app": "web"}))
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=5))
    assert stage.settle()
    expected = sorted(each["status"]["podIP"] for each in stage.pods(app="web"))
    assert addresses(stage) == expected
    endpoints = stage.get("Endpoints")
    assert sorted(each["ip"] for each in endpoints["subsets"][0]["addresses"]) == expected


def test_slices_hold_a_hundred_each_and_shrink_again(stage: Stage) -> None:
    stage.api.create("Service", service(selector={"app": "web"}))
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=150))
    assert stage.settle()
    assert sorted(len(found["endpoints"]) for found in slices(stage)) == [50, 100]
    stage.change("ReplicaSet", replicas=3)
    assert stage.settle()
    assert sum(len(found["endpoints"]) for found in slices(stage)) == 3


def test_pods_follow_a_changed_selector_and_changed_labels(stage: Stage) -> None:
    stage.api.create("Service", service(selector={"app": "web"}))
    for name, app in (("one", "web"), ("two", "api")):
        made = pod(name)
        made["metadata"]["labels"] = {"app": app}
        stage.api.create("Pod", made)
    assert stage.settle()
    one, two = (stage.get("Pod", name)["status"]["podIP"] for name in ("one", "two"))
    assert addresses(stage) == [one]
    stage.change("Service", selector={"app": "api"})
    stage.settle()
    assert addresses(stage) == [two]
    stage.api.patch("Pod", "default", "one", {"metadata": {"labels": {"app": "api"}}})
    stage.settle()
    assert addresses(stage) == sorted([one, two])
    stage.api.patch("Pod", "default", "two", {"metadata": {"labels": {"app": "none"}}})
    stage.settle()
    assert addresses(stage) == [one]


def test_pods_that_lack_the_named_port_get_no_endpoints(stage: Stage) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "web"}]
    stage.api.create("Service", service(selector={"app": "web"}, ports=ports))
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=2))
    stage.settle()
    assert "subsets" not in stage.get("Endpoints")


def test_endpoints_take_a_thousand_addresses_and_say_so() -> None:
    stage = Stage(11)
    stage.api.create("Service", service(selector={"app": "web"}))
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=1010))
    assert stage.settle()
    endpoints = stage.get("Endpoints")
    assert len(endpoints["subsets"][0]["addresses"]) == 1000
    assert endpoints["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"] == "truncated"
    assert len(addresses(stage)) == 1010


def test_endpoints_near_by_are_hinted_at() -> None:
    stage = Stage(1)
    stage.api.patch("Node", "", "node-0", {"metadata": {"labels": {"topology.kubernetes.io/zone": "a"}}})
    stage.api.create("Service", service(selector={"app": "web"}, trafficDistribution="PreferClose"))
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=1))
    stage.settle()
    assert slices(stage)[0]["endpoints"][0]["hints"] == {"forZones": [{"name": "a"}]}


def test_endpoints_go_with_their_service(stage: Stage) -> None:
    stage.api.create("Service", service(selector={"app": "web"}))
    stage.settle()
    stage.api.delete("Service", "default", "web")
    assert stage.settle()
    assert stage.api.get("Endpoints", "default", "web") is None
    assert slices(stage) == []


def test_a_pod_among_many_services_concerns_only_its_own(stage: Stage) -> None:
    for number in range(30):
        stage.api.create("Service", service(f"s-{number}", selector={"app": f"a-{number}"}))
    stage.settle()
    before = stage.cluster.revision
    made = pod("one")
    made["metadata"]["labels"] = {"app": "a-7"}
    stage.api.create("Pod", made)
    stage.settle()
    changed = {key for key in _written_since(stage, before) if "endpoints" in key}
    assert {key.rsplit("/", 1)[1].rpartition("-")[0] or key for key in changed} <= {"s", "s-7"}
    assert addresses(stage, "s-7") == [stage.get("Pod", "one")["status"]["podIP"]]


def _written_since(stage: Stage, revision: int) -> list[str]:
    return [event.key for event in stage.cluster.store.events_after(revision)]


# ------------------------------------------------------------------------------------------------ mirrors


def by_hand(name: str = "web", ip: str = "192.0.2.7", **metadata: Any) -> dict[str, Any]:
    subset = {"addresses": [{"ip": ip}], "ports": [{"port": 8080, "protocol": "TCP"}]}
    return {"metadata": {"name": name, "namespace": "default", **metadata}, "subsets": [subset]}


def test_endpoints_made_by_hand_are_mirrored_and_kept_so(stage: Stage) -> None:
    stage.api.create("Service", service())
    stage.api.create("Endpoints", by_hand())
    assert stage.settle()
    assert addresses(stage) == ["192.0.2.7"]
    found = stage.get("Endpoints")
    subset = {**found["subsets"][0], "addresses": [{"ip": "192.0.2.8"}]}
    stage.api.update("Endpoints", {**found, "subsets": [subset]})
    stage.settle()
    assert addresses(stage) == ["192.0.2.8"]
    stage.api.delete("Endpoints", "default", "web")
    assert stage.settle()
    assert slices(stage) == []


def test_mirrors_come_with_the_service_and_go_when_it_selects(stage: Stage) -> None:
    stage.api.create("Endpoints", by_hand())
    stage.settle()
    assert slices(stage) == []
    stage.api.create("Service", service())
    stage.settle()
    assert addresses(stage) == ["192.0.2.7"]
    stage.change("Service", selector={"app": "web"})
    assert stage.settle()
    assert addresses(stage) == []


def test_endpoints_that_ask_for_it_are_not_mirrored(stage: Stage) -> None:
    stage.api.create("Service", service())
    stage.api.create("Endpoints", by_hand(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}))
    stage.settle()
    assert slices(stage) == []


def test_what_is_no_address_is_left_out_of_the_mirror(stage: Stage) -> None:
    stage.api.create("Service", service())
    stage.api.create("Endpoints", by_hand(ip="nowhere"))
    stage.settle()
    assert stage.messages("InvalidIPAddress") == ["Skipped 1 invalid IP addresses when mirroring to EndpointSlices"]


# ------------------------------------------------------------------------------------------------ load balancers


def ingress(engine: Engine, name: str = "lb") -> Any:
    found = engine.api.get("Service", "default", name)
    assert found is not None
    return found["status"]["loadBalancer"].get("ingress")


def test_a_load_balancer_comes_after_a_moment_and_goes_with_its_service() -> None:
    engine = Engine(nodes=1)
    for name in ("lb", "other"):
        engine.api.create("Service", service(name, selector={"app": "web"}, type="LoadBalancer"))
    engine.cluster.advance(0.5)
    assert ingress(engine) is None
    assert engine.settle()
    first, second = ingress(engine)[0], ingress(engine, "other")[0]
    assert first["ipMode"] == "VIP" and first["ip"] != second["ip"]
    assert [event["reason"] for event in engine.events("EnsuredLoadBalancer")] == ["EnsuredLoadBalancer"] * 2
    engine.api.delete("Service", "default", "lb")
    assert engine.settle()
    assert engine.api.get("Service", "default", "lb") is None
    assert len(engine.events("DeletedLoadBalancer")) == 1


def test_a_service_that_is_none_any_more_loses_its_load_balancer() -> None:
    engine = Engine(nodes=1)
    engine.api.create("Service", service("lb", selector={"app": "web"}, type="LoadBalancer"))
    engine.settle()
    engine.api.patch("Service", "default", "lb", {"spec": {"type": "ClusterIP"}})
    assert engine.settle()
    assert ingress(engine) is None
    found = engine.api.get("Service", "default", "lb")
    assert found is not None and "finalizers" not in found["metadata"]


@pytest.mark.parametrize("options", [{"bare": True, "nodes": 0}, {"nodes": 1, "options": {"load-balancer": False}}])
def test_where_there_is_no_cloud_a_load_balancer_stays_pending(options: dict[str, Any]) -> None:
    engine = Engine(**options)
    engine.api.create("Service", service("lb", selector={"app": "web"}, type="LoadBalancer"))
    assert engine.settle()
    assert ingress(engine) is None
