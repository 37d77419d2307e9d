"""Pods whose devices are tainted have to go. Models pkg/controller/devicetainteviction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine, pod

TAINT = {"key": "broken", "effect": "NoExecute"}
REASON = "DeviceTaintManagerEviction"


@pytest.fixture
def engine() -> Engine:
    made = Engine(nodes=1)
    made.api.create("DeviceClass", {"metadata": {"name": "gpu"}, "spec": {}})
    made.api.create("ResourceSlice", {"metadata": {"name": "gpus"}, "spec": spec()})
    return made


def spec(*taints: dict[str, Any]) -> dict[str, Any]:
    pool = {"name": "node-1", "generation": 1, "resourceSliceCount": 1}
    device = {"name": "g0", **({"taints": list(taints)} if taints else {})}
    return {"driver": "gpu.example.com", "pool": pool, "nodeName": "node-1", "devices": [device]}


def taint(engine: Engine, *taints: dict[str, Any]) -> None:
    found = engine.api.get("ResourceSlice", "", "gpus")
    engine.api.update("ResourceSlice", {**found, "spec": spec(*taints)})


def run(engine: Engine, *tolerations: dict[str, Any]) -> None:
    request = {"name": "r", "exactly": {"deviceClassName": "gpu", "tolerations": list(tolerations)}}
    engine.api.create("ResourceClaim", {"metadata": {"name": "c", "namespace": "default"}, "spec": {"devices": {"requests": [request]}}})
    engine.api.create("Pod", pod("user", resourceClaims=[{"name": "d", "resourceClaimName": "c"}], terminationGracePeriodSeconds=600))
    engine.settle()
    assert engine.api.get("Pod", "default", "user")["spec"].get("nodeName") == "node-1"


def is_going(engine: Engine) -> bool:
    found = engine.api.get("Pod", "default", "user")
    return found is None or "deletionTimestamp" in found["metadata"]


def test_a_pod_goes_when_its_device_is_tainted(engine: Engine) -> None:
    run(engine)
    taint(engine, TAINT)
    engine.cluster.advance(0.05)
    found = engine.api.get("Pod", "default", "user")
    condition = next(each for each in found["status"]["conditions"] if each["type"] == "DisruptionTarget")
    assert condition["reason"] == "DeletionByDeviceTaintManager" and is_going(engine)
    assert [event["message"] for event in engine.events(REASON)] == ["Marking for deletion"]


def test_a_pod_is_given_the_time_it_tolerates_the_taint(engine: Engine) -> None:
    run(engine, {"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60})
    taint(engine, TAINT)
    engine.cluster.advance(50)
    assert not is_going(engine)
    engine.cluster.advance(15)
    assert is_going(engine)


def test_a_taint_that_goes_in_time_harms_nobody(engine: Engine) -> None:
    run(engine, {"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60})
    taint(engine, TAINT)
    engine.cluster.advance(30)
    taint(engine)
    engine.cluster.advance(120)
    assert not is_going(engine)
    assert [event["message"] for event in engine.events(REASON)] == ["Cancelling deletion"]
