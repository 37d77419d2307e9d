"""metrics.k8s.io: what kubectl top shows."""

import pytest

from tests.builders import Engine, workload

NODES, PODS = "/apis/metrics.k8s.io/v1beta1/nodes", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"


@pytest.fixture(scope="module")
def engine():
    engine = Engine(nodes=1)
    engine.api.create("Deployment", workload("Deployment", replicas=2))
    engine.settle()
    return engine


def amount(text, unit):
    return int(text.removesuffix(unit))


def test_every_well_node_tells_what_it_uses(engine):
    found = engine.call("GET", NODES).json()["items"]
    assert {each["metadata"]["name"] for each in found} == {"control-plane", "node-1"}
    assert all(amount(each["usage"]["cpu"], "m") > 0 for each in found)


def test_pods_tell_per_container_and_can_be_selected(engine):
    found = engine.call("GET", PODS, query=(("labelSelector", "app=web"),)).json()["items"]
    assert len(found) == 2 and found[0]["containers"][0]["name"] == "c"
    assert amount(found[0]["containers"][0]["usage"]["memory"], "Ki") > 0
    assert engine.call("GET", PODS, query=(("labelSelector", "app=none"),)).json()["items"] == []


def test_one_pod_can_be_asked_for_and_an_unknown_one_is_not_found(engine):
    name = engine.call("GET", PODS).json()["items"][0]["metadata"]["name"]
    assert engine.call("GET", f"{PODS}/{name}").json()["kind"] == "PodMetrics"
    missing = engine.call("GET", f"{PODS}/none")
    assert missing.status == 404 and missing.json()["message"] == 'pods.metrics.k8s.io "none" not found'


def test_nobody_writes_metrics(engine):
    assert engine.call("POST", PODS, {}).status == 405


def test_the_group_is_found_and_autoscalers_see_the_same(engine):
    assert engine.call("GET", "/apis/metrics.k8s.io").json()["preferredVersion"]["version"] == "v1beta1"
    name = engine.call("GET", PODS).json()["items"][0]["metadata"]["name"]
    assert engine.cluster.world.metrics.usage("default", [name])[name].containers["c"]["memory"] > 0


def test_a_dead_node_tells_nothing():
    engine = Engine(nodes=1)
    engine.settle()
    engine.cluster.command("kill-node", {"name": "node-1"})
    found = engine.call("GET", NODES).json()["items"]
    assert [each["metadata"]["name"] for each in found] == ["control-plane"]


def test_a_cluster_without_machines_has_no_metrics_server():
    assert Engine(nodes=0, bare=True).call("GET", NODES).status == 404
