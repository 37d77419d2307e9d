"""Services get addresses and ports, keep them, and lose them with the type that needed them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine

PATH = "/api/v1/namespaces/default/services"


@pytest.fixture
def engine() -> Engine:
    return Engine(bare=True)


PORTS = ({"port": 80},)


def service(name: str = "web", ports: Any = PORTS, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": list(ports), **spec}}


def create(engine: Engine, *args: Any, **spec: Any) -> dict[str, Any]:
    answer = engine.call("POST", PATH, service(*args, **spec))
    assert answer.status == 201, answer.json()
    return dict(answer.json())


def refusal(engine: Engine, *args: Any, **spec: Any) -> str:
    answer = engine.call("POST", PATH, service(*args, **spec))
    assert answer.status >= 400
    return str(answer.json()["message"])


def patch(engine: Engine, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    kind = {"content_type": "application/merge-patch+json"}
    answer = engine.call("PATCH", f"{PATH}/{name}", {"spec": spec}, **kind)
    assert answer.status == 200, answer.json()
    return dict(answer.json()["spec"])


def test_a_node_port_belongs_to_one_service(engine: Engine) -> None:
    create(engine, "one", [{"port": 80, "nodePort": 30080}], type="NodePort")
    taken = refusal(engine, "two", [{"port": 81, "nodePort": 30080}], type="NodePort")
    assert taken.endswith("spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated")


def test_a_node_port_outside_the_range_is_refused(engine: Engine) -> None:
    assert "The range of valid ports is 30000-32767" in refusal(
        engine, "x", [{"port": 80, "nodePort": 80}], type="NodePort"
    )


def test_one_port_in_two_protocols_shares_a_node_port(engine: Engine) -> None:
    ports = [{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}]
    made = create(engine, "dns", ports, type="NodePort")["spec"]["ports"]
    assert made[0]["nodePort"] == made[1]["nodePort"]


def test_an_update_that_says_nothing_keeps_addresses_and_ports(engine: Engine) -> None:
    before = create(engine, "web", type="NodePort")["spec"]
    after = engine.call("PUT", f"{PATH}/web", service("web", type="NodePort")).json()["spec"]
    assert after == before


def test_a_service_loses_its_node_ports_with_its_type(engine: Engine) -> None:
    create(engine, "web", type="NodePort")
    spec = patch(engine, "web", {"type": "ClusterIP"})
    assert "nodePort" not in spec["ports"][0]
    assert "externalTrafficPolicy" not in spec


def test_an_external_name_has_no_address_and_gets_one_back(engine: Engine) -> None:
    create(engine, "web")
    gone = patch(engine, "web", {"type": "ExternalName", "externalName": "example.com"})
    assert not {"clusterIP", "clusterIPs", "ipFamilies"} & gone.keys()
    back = patch(engine, "web", {"type": "ClusterIP", "externalName": None})
    assert back["clusterIP"].startswith("10.")


def test_a_headless_service_without_selector_has_both_families(engine: Engine) -> None:
    spec = create(engine, "web", clusterIP="None")["spec"]
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])


def test_local_traffic_to_a_load_balancer_gets_a_health_check_port(engine: Engine) -> None:
    spec = create(engine, "web", type="LoadBalancer", externalTrafficPolicy="Local")["spec"]
    assert spec["healthCheckNodePort"] in range(30000, 32768)
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    assert "healthCheckNodePort" not in patch(engine, "web", {"externalTrafficPolicy": "Cluster"})


def test_an_address_once_given_may_not_change(engine: Engine) -> None:
    create(engine, "web")
    answer = engine.call("PUT", f"{PATH}/web", service("web", clusterIP="10.96.0.77"))
    assert answer.status == 422
    assert 'spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set' in answer.json()["message"]
