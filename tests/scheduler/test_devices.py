"""Pods with ResourceClaims go where devices are that do what is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scheduler.stage import Stage, node, pod

TAIL = " still not schedulable, preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."


def device(name: str, **attributes: Any) -> dict[str, Any]:
    kinds = {str: "string", int: "int", bool: "bool"}
    capacity = {"memory": {"value": attributes.pop("memory")}} if "memory" in attributes else {}
    return {"name": name, "attributes": {k: {kinds[type(v)]: v} for k, v in attributes.items()}, "capacity": capacity}


def slice_of(host: str, *devices: dict[str, Any]) -> dict[str, Any]:
    pool = {"name": host, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "gpu.example.com", "pool": pool, "nodeName": host, "devices": list(devices)}
    return {"metadata": {"name": f"{host}-gpus"}, "spec": spec}


def exactly(expression: str = "", **more: Any) -> dict[str, Any]:
    selectors = [{"cel": {"expression": expression}}] if expression else []
    return {"deviceClassName": "gpu", "selectors": selectors, "allocationMode": "ExactCount", "count": 1, **more}


def claim(name: str, *requests: dict[str, Any], **devices: Any) -> dict[str, Any]:
    listed = [{"name": f"r{i}", **(r if "firstAvailable" in r else {"exactly": r})} for i, r in enumerate(requests)]
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"devices": {"requests": listed, **devices}}}


@pytest.fixture
def stage() -> Stage:
    found = Stage(node("a"), node("b"), node("none"))
    expression = 'device.driver == "gpu.example.com"'
    found.shelf.put(
        "DeviceClass", {"metadata": {"name": "gpu"}, "spec": {"selectors": [{"cel": {"expression": expression}}]}}
    )
    found.shelf.put("ResourceSlice", slice_of("a", device("g0", model="old", memory="8Gi")))
    modern = [device("g0", model="new", memory="40Gi", socket=0), device("g1", model="new", memory="80Gi", socket=1)]
    found.shelf.put("ResourceSlice", slice_of("b", *modern))
    return found


def using(*names: str, name: str = "p") -> dict[str, Any]:
    return pod(name, resourceClaims=[{"name": f"c{i}", "resourceClaimName": text} for i, text in enumerate(names)])


def schedule(stage: Stage, wanted: dict[str, Any]) -> str | None:
    """Decide and write the claims, as the component does."""
    decision = stage.try_(wanted)
    for one, status in decision.booking.devices:
        stage.shelf.put("ResourceClaim", {**one, "status": status})
    return decision.node


def test_a_pod_goes_where_a_device_matches(stage: Stage) -> None:
    stage.shelf.put("ResourceClaim", claim("c", exactly('device.attributes["gpu.example.com"].model == "new"')))
    assert schedule(stage, using("c")) == "b"
    written = stage.shelf.get("ResourceClaim", "default", "c")
    assert written is not None
    (result,) = written["status"]["allocation"]["devices"]["results"]
    assert result == {"request": "r0", "driver": "gpu.example.com", "pool": "b", "device": "g0"}
    assert [user["name"] for user in written["status"]["reservedFor"]] == ["p"]


def test_capacity_is_compared_as_a_quantity(stage: Stage) -> None:
    expression = 'device.capacity["gpu.example.com"].memory.compareTo(quantity("64Gi")) >= 0'
    stage.shelf.put("ResourceClaim", claim("c", exactly(expression)))
    assert schedule(stage, using("c")) == "b"
    written = stage.shelf.get("ResourceClaim", "default", "c")
    assert written is not None and written["status"]["allocation"]["devices"]["results"][0]["device"] == "g1"


def test_devices_are_given_once(stage: Stage) -> None:
    for i in range(4):
        stage.shelf.put("ResourceClaim", claim(f"c{i}", exactly()))
    chosen = [schedule(stage, using(f"c{i}", name=f"p{i}")) for i in range(3)]
    assert sorted(map(str, chosen)) == ["a", "b", "b"]
    message = stage.why_not(using("c3", name="p3"))
    assert message == "0/3 nodes are available: 3 cannot allocate all claims." + TAIL.format(3)


def test_a_count_needs_so_many_on_one_node(stage: Stage) -> None:
    stage.shelf.put("ResourceClaim", claim("c", exactly(count=2)))
    assert schedule(stage, using("c")) == "b"


def test_the_second_best_is_taken_when_the_best_is_not_there(stage: Stage) -> None:
    wanted = [
        {"name": "big", **exactly('device.attributes["gpu.example.com"].model == "future"')},
        {"name": "any", **exactly()},
    ]
    stage.shelf.put("ResourceClaim", claim("c", {"firstAvailable": wanted}))
    assert schedule(stage, using("c")) in ("a", "b")
    written = stage.shelf.get("ResourceClaim", "default", "c")
    assert written is not None and written["status"]["allocation"]["devices"]["results"][0]["request"] == "r0/any"


def test_attributes_that_must_match_do(stage: Stage) -> None:
    same = [{"matchAttribute": "gpu.example.com/socket"}]
    stage.shelf.put("ResourceClaim", claim("c", exactly(count=2), constraints=same))
    assert "3 cannot allocate all claims." in stage.why_not(using("c"))


def test_a_shared_claim_keeps_its_pods_together(stage: Stage) -> None:
    stage.shelf.put("ResourceClaim", claim("c", exactly()))
    first = schedule(stage, using("c", name="first"))
    assert schedule(stage, using("c", name="second")) == first
    away = {**using("c", name="third")}
    away["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "none"}
    assert "1 resourceclaim not available on the node" in stage.why_not(away)


def test_an_unknown_device_class_is_named(stage: Stage) -> None:
    stage.shelf.put("ResourceClaim", claim("c", {**exactly(), "deviceClassName": "tpu"}))
    assert "0/3 nodes are available: request r0: device class tpu does not exist." in stage.why_not(using("c"))


def tainted(effect: str = "NoSchedule", **more: Any) -> list[dict[str, Any]]:
    return [{"key": "broken", "value": "fan", "effect": effect, **more}]


@pytest.mark.parametrize(("effect", "goes"), [("NoSchedule", False), ("NoExecute", False), ("None", True)])
def test_a_tainted_device_is_given_to_nobody_who_does_not_tolerate_it(stage: Stage, effect: str, goes: bool) -> None:
    stage.shelf.put("ResourceSlice", slice_of("b"))
    stage.shelf.put("ResourceSlice", slice_of("a", {**device("g0"), "taints": tainted(effect)}))
    stage.shelf.put("ResourceClaim", claim("c", exactly()))
    assert (schedule(stage, using("c")) == "a") is goes


def test_who_tolerates_a_taint_gets_the_device_and_keeps_the_toleration_with_it(stage: Stage) -> None:
    stage.shelf.put("ResourceSlice", slice_of("b"))
    stage.shelf.put("ResourceSlice", slice_of("a", {**device("g0"), "taints": tainted()}))
    tolerations = [{"key": "broken", "operator": "Exists", "effect": "NoSchedule"}]
    stage.shelf.put("ResourceClaim", claim("c", exactly(tolerations=tolerations)))
    assert schedule(stage, using("c")) == "a"
    written = stage.shelf.get("ResourceClaim", "default", "c")
    assert written is not None and written["status"]["allocation"]["devices"]["results"][0]["tolerations"] == tolerations
