"""Probes decide about ready, started and restarted, and cost nothing while their answer cannot change."""

from __future__ import annotations

from typing import Any

from tests.builders import Engine


def run(container: dict[str, Any], image: str = "nginx") -> Engine:
    engine = Engine(nodes=1)
    made = {"name": "c", "image": image, **container}
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [made]}})
    return engine


def first(engine: Engine) -> Any:
    return engine.api.get("Pod", "default", "p")["status"]["containerStatuses"][0]


def messages(engine: Engine, reason: str) -> list[str]:
    return [each["message"] for each in engine.events(reason)]


def test_a_pod_is_ready_when_its_probe_has_succeeded():
    engine = run({"readinessProbe": {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 20}})
    engine.cluster.advance(15)
    assert (first(engine)["started"], first(engine)["ready"]) == (True, False)
    engine.settle()
    assert first(engine)["ready"]


def test_a_probe_that_always_succeeds_costs_nothing():
    probe = {"httpGet": {"path": "/", "port": 80}}
    engine = run({"readinessProbe": probe, "livenessProbe": probe, "startupProbe": probe})
    engine.settle()
    assert first(engine)["ready"]
    assert [entry for entry in engine.cluster.agenda.dump() if entry[1] == "kubelet" and "|pod|" in entry[2]] == []


def test_a_closed_port_refuses_the_probe():
    engine = run({"readinessProbe": {"tcpSocket": {"port": 81}}})
    engine.cluster.advance(30)
    ip = engine.api.get("Pod", "default", "p")["status"]["podIP"]
    assert messages(engine, "Unhealthy") == [f"Readiness probe failed: dial tcp {ip}:81: connect: connection refused"]
    assert not first(engine)["ready"]


def test_a_missing_page_fails_the_probe():
    engine = run({"readinessProbe": {"httpGet": {"path": "/healthz", "port": 80}}})
    engine.cluster.advance(30)
    assert messages(engine, "Unhealthy") == ["Readiness probe failed: HTTP probe failed with statuscode: 404"]


def test_a_liveness_command_that_begins_to_fail_restarts_the_container():
    script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    engine = run({"command": ["sh", "-c", script], "livenessProbe": probe}, "busybox")
    engine.cluster.advance(40)
    assert first(engine)["restartCount"] == 0
    engine.cluster.advance(60)
    assert first(engine)["restartCount"] == 1
    assert "Liveness probe failed: cat: /tmp/healthy: No such file or directory" in messages(engine, "Unhealthy")
    assert "Container c failed liveness probe, will be restarted" in messages(engine, "Killing")


def test_a_slow_starter_is_given_its_time():
    probe = {"tcpSocket": {"port": 3306}, "periodSeconds": 2, "failureThreshold": 30}
    password = [{"name": "MYSQL_ROOT_PASSWORD", "value": "x"}]
    engine = run({"startupProbe": probe, "livenessProbe": {**probe, "failureThreshold": 1}, "env": password}, "mysql:8")
    engine.settle()
    assert (first(engine)["started"], first(engine)["ready"], first(engine)["restartCount"]) == (True, True, 0)


# ---------------------------------------------------------------------------------------------------- gRPC

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"


def health(service: str = "", *flags: str, port: int = 5000) -> dict[str, Any]:
    grpc = {"port": port, **({"service": service} if service else {})}
    return {"args": ["grpc-health-checking", *flags], "livenessProbe": {"grpc": grpc, "periodSeconds": 5, "failureThreshold": 1}}


def test_a_grpc_probe_asks_about_its_service():
    engine = run(health("orders", "--service=orders"), AGNHOST)
    engine.cluster.advance(60)
    assert messages(engine, "Unhealthy") == [] and first(engine)["restartCount"] == 0


def test_a_grpc_server_that_does_not_know_the_service_fails_the_probe():
    engine = run(health("payments", "--service=orders"), AGNHOST)
    engine.cluster.advance(30)
    assert messages(engine, "Unhealthy")[0] == (
        "Liveness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
    )
    assert first(engine)["restartCount"] >= 1


def test_a_grpc_server_that_begins_to_be_unhealthy_is_restarted():
    engine = run(health("", "--delay-unhealthy-sec=60"), AGNHOST)
    engine.cluster.advance(50)
    assert first(engine)["restartCount"] == 0
    engine.cluster.advance(60)
    assert 'Liveness probe failed: service unhealthy (responded with "NOT_SERVING")' in messages(engine, "Unhealthy")
    assert first(engine)["restartCount"] == 1


def test_a_server_of_another_protocol_never_connects():
    engine = run({"livenessProbe": {"grpc": {"port": 80}, "failureThreshold": 1}})
    engine.cluster.advance(20)
    ip = engine.api.get("Pod", "default", "p")["status"]["podIP"]
    assert messages(engine, "Unhealthy")[0] == (
        f'Liveness probe failed: timeout: failed to connect service "{ip}:80" within 1s: context deadline exceeded'
    )


def test_a_probes_own_grace_period_counts_when_it_kills():
    probe = {"tcpSocket": {"port": 81}, "failureThreshold": 1, "terminationGracePeriodSeconds": 3}
    engine = run({"command": ["sleep", "9999"], "livenessProbe": probe}, "busybox")
    engine.cluster.advance(25)
    assert first(engine)["restartCount"] >= 1, "the pod's own grace is 30 s"
