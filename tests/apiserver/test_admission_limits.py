"""Limit ranges, quotas and security standards, at work."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine, pod, workload

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def _sized(name: str, cpu: str = "", limit: str = "") -> dict[str, Any]:
    body = pod(name)
    amounts = {key: {"cpu": value} for key, value in (("requests", cpu), ("limits", limit)) if value}
    body["spec"]["containers"][0]["resources"] = amounts
    return body


def _quota(engine: Engine, hard: dict[str, str], **spec: Any) -> None:
    engine.api.create(
        "ResourceQuota", {"metadata": {"name": "q", "namespace": "default"}, "spec": {"hard": hard, **spec}}
    )
    engine.settle()


def _used(engine: Engine) -> dict[str, str]:
    found = engine.api.get("ResourceQuota", "default", "q")
    assert found is not None
    return dict(found["status"]["used"])


# ------------------------------------------------------------------------------------------------ limit ranges


def _limits(engine: Engine, **item: Any) -> None:
    spec = {"limits": [{"type": "Container", **item}]}
    engine.api.create("LimitRange", {"metadata": {"name": "l", "namespace": "default"}, "spec": spec})


def test_defaults_are_filled_in_and_noted(engine: Engine) -> None:
    _limits(engine, default={"cpu": "200m"}, defaultRequest={"cpu": "100m"})
    created = engine.call("POST", PODS, pod("p")).json()
    assert created["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}
    note = created["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert note == "LimitRanger plugin set: cpu request for container c; cpu limit for container c"


@pytest.mark.parametrize(
    ("item", "cpu", "limit", "message"),
    [
        ({"min": {"cpu": "50m"}}, "10m", "", "minimum cpu usage per Container is 50m, but request is 10m"),
        ({"max": {"cpu": "1"}}, "1", "2", "maximum cpu usage per Container is 1, but limit is 2"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            "100m",
            "300m",
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ],
)
def test_bounds_are_kept(engine: Engine, item: dict[str, Any], cpu: str, limit: str, message: str) -> None:
    _limits(engine, **item)
    answer = engine.call("POST", PODS, _sized("p", cpu, limit))
    assert answer.status == 403
    assert answer.json()["message"] == f'pods "p" is forbidden: {message}'


def test_controllers_pods_are_bounded_too(engine: Engine) -> None:
    _limits(engine, maxLimitRequestRatio={"cpu": "2"})
    engine.api.create("ReplicaSet", workload("ReplicaSet", replicas=1))
    engine.settle(5)
    assert engine.api.list("Pod", "default") == []
    assert "cpu max limit to request ratio per Container is 2" in engine.events("FailedCreate")[0]["message"]


# ------------------------------------------------------------------------------------------------ quotas


def test_what_is_used_is_counted_and_given_back(engine: Engine) -> None:
    _quota(engine, {"pods": "2", "requests.cpu": "1"})
    assert _used(engine) == {"pods": "0", "requests.cpu": "0"}
    assert engine.call("POST", PODS, _sized("a", "600m")).status == 201
    assert _used(engine) == {"pods": "1", "requests.cpu": "600m"}
    refused = engine.call("POST", PODS, _sized("b", "500m")).json()["message"]
    assert refused.endswith(
        "exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1"
    )
    engine.api.delete("Pod", "default", "a", grace=0)
    engine.settle()
    assert _used(engine) == {"pods": "0", "requests.cpu": "0"}


def test_a_dry_run_and_a_failure_cost_nothing(engine: Engine) -> None:
    _quota(engine, {"configmaps": "3"})
    before = _used(engine)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    path = "/api/v1/namespaces/default/configmaps"
    assert engine.call("POST", path, body, query=[("dryRun", "All")]).status == 201
    assert _used(engine) == before
    assert engine.call("POST", path, body).status == 201
    assert engine.call("POST", path, body).status == 409
    assert int(_used(engine)["configmaps"]) == int(before["configmaps"]) + 1


def test_a_quota_of_compute_demands_that_containers_say_what_they_need(engine: Engine) -> None:
    _quota(engine, {"limits.cpu": "1", "requests.cpu": "1"})
    message = engine.call("POST", PODS, pod("p")).json()["message"]
    assert message.endswith("failed quota: q: must specify limits.cpu for: c; requests.cpu for: c")


@pytest.mark.parametrize(
    ("scope", "body", "counts"),
    [
        ("BestEffort", pod("p"), True),
        ("NotBestEffort", pod("p"), False),
        ("Terminating", pod("p"), False),
        ("Terminating", pod("p", activeDeadlineSeconds=10), True),
        ("NotTerminating", pod("p"), True),
    ],
)
def test_scopes_choose_the_pods(engine: Engine, scope: str, body: dict[str, Any], counts: bool) -> None:
    _quota(engine, {"pods": "5"}, scopes=[scope])
    assert engine.call("POST", PODS, body).status == 201
    assert _used(engine) == {"pods": "1" if counts else "0"}


def test_finished_pods_count_no_more(engine: Engine) -> None:
    _quota(engine, {"pods": "1", "count/pods": "5"})
    engine.call("POST", PODS, pod("a"))
    found = engine.api.get("Pod", "default", "a")
    assert found is not None
    engine.api.update_status("Pod", {**found, "status": {**found["status"], "phase": "Succeeded"}})
    engine.settle(5)
    assert _used(engine) == {"count/pods": "1", "pods": "0"}
    assert engine.call("POST", PODS, pod("b")).status == 201


# ------------------------------------------------------------------------------------------------ pod security

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _label(engine: Engine, **labels: str) -> Any:
    found = {f"pod-security.kubernetes.io/{key.replace('_', '-')}": value for key, value in labels.items()}
    body = {"metadata": {"labels": found}}
    return engine.call("PATCH", "/api/v1/namespaces/default", body, content_type="application/merge-patch+json")


def _secured(name: str, context: dict[str, Any], **spec: Any) -> dict[str, Any]:
    body = pod(name, **spec)
    body["spec"]["containers"][0]["securityContext"] = context
    return body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            _secured("p", {"privileged": True}),
            'privileged (container "c" must not set securityContext.privileged=true)',
        ),
        (pod("p", hostNetwork=True, hostIPC=True), "host namespaces (hostNetwork=true, hostIPC=true)"),
        (pod("p", volumes=[{"name": "v", "hostPath": {"path": "/"}}]), 'hostPath volumes (volume "v")'),
        (
            _secured("p", {"capabilities": {"add": ["BPF"]}}),
            'must not include "BPF" in securityContext.capabilities.add',
        ),
        (_secured("p", {"seccompProfile": {"type": "Unconfined"}}), 'seccompProfile.type to "Unconfined"'),
        (_secured("p", {"seLinuxOptions": {"user": "u"}}), "seLinuxOptions: user may not be set"),
        (pod("p", securityContext={"sysctls": [{"name": "kernel.x", "value": "1"}]}), "forbidden sysctls (kernel.x)"),
    ],
)
def test_the_baseline_refuses(engine: Engine, body: dict[str, Any], words: str) -> None:
    _label(engine, enforce="baseline")
    answer = engine.call("POST", PODS, body)
    assert answer.status == 403
    assert answer.json()["message"].startswith('pods "p" is forbidden: violates PodSecurity "baseline:latest": ')
    assert words in answer.json()["message"]


def test_restricted_asks_for_more_and_gets_it(engine: Engine) -> None:
    _label(engine, enforce="restricted")
    assert engine.call("POST", PODS, pod("p")).status == 403
    assert engine.call("POST", PODS, _secured("p", RESTRICTED)).status == 201


def test_versions_hold_back_newer_checks(engine: Engine) -> None:
    body = pod("p")
    body["spec"]["containers"][0]["livenessProbe"] = {"tcpSocket": {"port": 1, "host": "elsewhere"}}
    _label(engine, enforce="baseline", enforce_version="v1.33")
    assert engine.call("POST", PODS, body, query=[("dryRun", "All")]).status == 201
    _label(engine, enforce_version="v1.34")
    assert engine.call("POST", PODS, body, query=[("dryRun", "All")]).status == 403


def test_warnings_reach_templates(engine: Engine) -> None:
    _label(engine, warn="baseline")
    body = workload("Deployment", replicas=0)
    body["spec"]["template"]["spec"]["hostPID"] = True
    answer = engine.call("POST", "/apis/apps/v1/namespaces/default/deployments", body)
    assert answer.status == 201
    assert answer.warnings == ('would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',)


def test_a_stricter_namespace_names_the_pods_that_break_it(engine: Engine) -> None:
    for name in ("a", "b"):
        engine.call("POST", PODS, pod(name, hostPID=True))
    answer = _label(engine, enforce="baseline")
    assert answer.status == 200
    assert answer.warnings[1] == "a (and 1 other pod): host namespaces"


def test_plugins_can_be_turned_off(engine: Engine) -> None:
    _label(engine, enforce="restricted")
    engine.cluster.server.options = {"disable-admission-plugins": "PodSecurity,LimitRanger"}
    assert engine.call("POST", PODS, pod("p")).status == 201
