"""Containers take CPU for what they are asked and for what they compute: autoscalers and kubectl top see it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.nodes import fleet_of
from tests.builders import Engine, pod, workload

LOOP = "while sleep 0.01; do wget -q -O- http://php-apache; done"
SHARE = {"limits": {"cpu": "500m"}, "requests": {"cpu": "200m"}}


def walkthrough(replicas: int = 1, autoscaled: bool = True) -> Engine:
    """The official one about the HorizontalPodAutoscaler: php-apache, its service, 50 % of 200m."""
    engine = Engine(nodes=2)
    server = workload("Deployment", "php-apache", replicas)
    server["spec"]["template"]["spec"]["containers"] = [{"name": "php-apache", "image": "registry.k8s.io/hpa-example", "resources": SHARE}]
    engine.api.create("Deployment", server)
    service: dict[str, Any] = {"metadata": {"name": "php-apache", "namespace": "default"}, "spec": {"ports": [{"port": 80}], "selector": {"app": "php-apache"}}}
    engine.api.create("Service", service)
    if autoscaled:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "php-apache"}
        metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
        scaler = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": [metric]}
        engine.api.create("HorizontalPodAutoscaler", {"metadata": {"name": "php-apache", "namespace": "default"}, "spec": scaler})
    engine.cluster.advance(30)
    return engine


def begin(engine: Engine, name: str, script: str, image: str = "busybox:1.28", **container: Any) -> None:
    made = pod(name, image, restartPolicy="Never")
    made["spec"]["containers"][0] |= {"command": ["/bin/sh", "-c", script], **container}
    engine.api.create("Pod", made)


def cpu(cluster: Cluster, name: str) -> int:
    found = cluster.world.client("tester").get("Pod", "default", name)
    assert found is not None
    return sum(amount for _, amount, _ in fleet_of(cluster).inside.usage(found))


def servers(engine: Engine) -> list[int]:
    found = (each for each in engine.api.list("Pod", "default") if each["metadata"].get("labels", {}).get("app") == "php-apache")
    return [cpu(engine.cluster, each["metadata"]["name"]) for each in found]


def replicas(engine: Engine) -> int:
    return int(engine.api.get("Deployment", "default", "php-apache")["spec"]["replicas"])


def test_the_walkthrough_scales_up_under_load_and_down_after_it():
    engine = walkthrough()
    assert replicas(engine) == 1 and max(servers(engine)) <= 2
    begin(engine, "load-generator", LOOP)
    engine.cluster.advance(180)
    assert 4 <= replicas(engine) <= 8
    assert 80 * replicas(engine) <= sum(servers(engine)) <= 110 * replicas(engine)
    scaled = replicas(engine)
    engine.cluster.advance(1800)
    assert replicas(engine) == scaled
    engine.api.delete("Pod", "default", "load-generator")
    engine.cluster.advance(240)
    assert replicas(engine) == scaled and max(servers(engine)) <= 2
    engine.cluster.advance(240)
    assert replicas(engine) == 1


def test_what_the_loop_loads_is_shared_by_all_who_could_answer():
    engine = walkthrough(4, autoscaled=False)
    begin(engine, "load-generator", LOOP)
    engine.cluster.advance(600)
    found = servers(engine)
    assert len(found) == 4 and max(found) <= 1.25 * min(found)


def test_a_loop_of_hours_costs_no_more_than_its_samples():
    engine = walkthrough(autoscaled=False)
    begin(engine, "load-generator", LOOP)
    engine.cluster.advance(600)
    asked = engine.cluster.parts["network"].dump()["asked"]
    engine.cluster.advance(4 * 3600)
    assert engine.cluster.parts["network"].dump()["asked"] - asked < 200
    assert max(servers(engine)) > 300


def test_nobody_takes_more_than_the_limit_and_half_the_cpu_takes_twice_as_long():
    engine = walkthrough(autoscaled=False)
    for number in range(3):
        begin(engine, f"load-{number}", LOOP)
    engine.cluster.advance(120)
    assert servers(engine) == [500]
    server = next(each for each in engine.api.list("Pod", "default") if each["metadata"].get("labels"))
    begin(engine, "once", f"curl -s -o /dev/null -w '%{{time_total}}' http://{server['status']['podIP']}")
    engine.cluster.advance(30)
    log = engine.call("GET", "/api/v1/namespaces/default/pods/once/log").body
    assert 0.12 <= float(log) <= 0.13


def test_a_few_requests_show_for_a_short_while():
    engine = walkthrough(autoscaled=False)
    begin(engine, "few", "for i in $(seq 50); do wget -q -O- http://php-apache; done")
    engine.cluster.advance(40)
    assert max(servers(engine)) >= 50
    engine.cluster.advance(60)
    assert max(servers(engine)) <= 2


def test_a_loop_with_an_end_comes_to_it_in_its_own_time():
    engine = walkthrough(autoscaled=False)
    begin(engine, "many", "for i in $(seq 400); do wget -q -O- http://php-apache; done; echo; echo done")
    engine.cluster.advance(40)
    assert engine.api.get("Pod", "default", "many")["status"]["phase"] == "Running"
    engine.cluster.advance(40)
    assert engine.api.get("Pod", "default", "many")["status"]["phase"] == "Succeeded"


def test_the_load_is_the_same_after_the_cluster_was_put_away():
    engine = walkthrough(2, autoscaled=False)
    begin(engine, "load-generator", LOOP)
    engine.cluster.advance(100)
    again = Cluster.load(engine.cluster.save())
    for cluster in (engine.cluster, again):
        cluster.advance(100)
    assert cpu(again, "load-generator") == cpu(engine.cluster, "load-generator")
    assert again.state() == engine.cluster.state()


@pytest.mark.parametrize(
    ("script", "cores"),
    [
        ("while true; do :; done", 1),
        ("yes > /dev/null", 1),
        ("for i in 1 2 3; do yes > /dev/null 2>&1 & done; wait", 3),
        ("while :; do :; done & while :; do :; done & wait", 2),
        ("cat /dev/urandom | md5sum", 1),
        ("dd if=/dev/zero of=/dev/null", 1),
        ("sleep 5; sha256sum /dev/zero", 1),
        ("stress --cpu 2", 2),
        ("yes | head -3; sleep 1000", 0),
        ("dd if=/dev/zero of=/tmp/file bs=1M count=3; sleep 1000", 0),
        ("while true; do date; sleep 1; done", 0),
    ],
)
def test_what_computes_without_a_pause_takes_a_cpu(script: str, cores: int):
    engine = Engine(nodes=1)
    begin(engine, "busy", script, "polinux/stress" if script.startswith("stress") else "busybox")
    engine.cluster.advance(60)
    assert round(cpu(engine.cluster, "busy"), -1) == 1000 * cores
    assert "limit" not in engine.call("GET", "/api/v1/namespaces/default/pods/busy/log").body.decode()


def test_limits_hold_and_the_annotation_has_the_last_word():
    engine = Engine(nodes=1)
    begin(engine, "limited", "while true; do :; done", resources={"limits": {"cpu": "300m"}})
    told = pod("told")
    told["metadata"]["annotations"] = {"kwok.x-k8s.io/usage-cpu": "700m"}
    engine.api.create("Pod", told)
    vish = pod("vish", "vish/stress")
    vish["spec"]["containers"][0]["args"] = ["-cpus", "2"]
    engine.api.create("Pod", vish)
    engine.cluster.advance(60)
    assert [cpu(engine.cluster, name) for name in ("limited", "told", "vish")] == [300, 700, 2000]


def test_a_long_computation_that_ends_does_end():
    engine = Engine(nodes=1)
    begin(engine, "counts", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $i")
    engine.settle()
    assert engine.api.get("Pod", "default", "counts")["status"]["phase"] == "Succeeded"
