"""Ingresses show where they are reached, once a controller for them runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.stage import Town, lone, service

IMAGE = "registry.k8s.io/ingress-nginx/controller:v1.13.2"


@pytest.fixture
def town() -> Town:
    town = Town()
    town.put("IngressClass", {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}})
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    for name, of in (("shop", "nginx"), ("other", "haproxy")):
        spec = {"ingressClassName": of, "defaultBackend": backend}
        town.put("Ingress", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    town.settle()
    return town


def shown(town: Town, name: str = "shop") -> list[Any]:
    town.cluster.advance(30)
    found = town.api.get("Ingress", "default", name)
    assert found is not None
    return list(found.get("status", {}).get("loadBalancer", {}).get("ingress") or ())


def test_without_a_controller_there_is_no_address(town: Town) -> None:
    assert shown(town) == []


def test_a_controller_shows_the_nodes_it_runs_on_and_leaves_others_alone(town: Town) -> None:
    town.put("Pod", lone("controller", IMAGE))
    pod = town.api.get("Pod", "default", "controller")
    assert shown(town) == [{"ip": town.api.get("Pod", "default", "controller")["status"]["hostIP"]}]  # type: ignore[index]
    assert shown(town, "other") == []
    assert pod is not None
    town.api.delete("Pod", "default", "controller")
    assert shown(town) == []


def test_a_controller_shows_the_service_it_is_told_to_publish(town: Town) -> None:
    town.put("Pod", lone("controller", IMAGE, container={"args": ["--publish-service=$(POD_NAMESPACE)/controller"]}))
    assert shown(town) == []
    town.put("Service", service("controller", type="LoadBalancer"))
    balancer = town.api.get("Service", "default", "controller")
    town.cluster.advance(30)
    balancer = town.api.get("Service", "default", "controller")
    assert balancer is not None
    assert shown(town) == [{"ip": balancer["status"]["loadBalancer"]["ingress"][0]["ip"]}]
