"""Volumes decide where pods go, and are bound before them. The test plays the volume controller."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine
from tests.scheduler.stage import Stage, node, pod
from tests.scheduler.test_component import add_node, add_pod, node_of, quiet_engine, status_of

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
LOST_STATE = " not found"


def volume(name: str, host: str = "", size: str = "1Gi", class_name: str = "local", **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": class_name,
    }
    if host:
        expression = {"key": HOST, "operator": "In", "values": [host]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    metadata = {"name": name, "labels": more.pop("labels", {})}
    return {"metadata": metadata, "spec": {**spec, **more}, "status": {"phase": "Available"}}


def claim(name: str, bound_to: str = "", size: str = "1Gi", class_name: str = "local", **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "default", "uid": f"uid-{name}", **more.pop("metadata", {})}
    spec: dict[str, Any] = {"accessModes": more.pop("modes", ["ReadWriteOnce"]), "storageClassName": class_name}
    spec["resources"] = {"requests": {"storage": size}}
    if bound_to:
        metadata["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
        spec["volumeName"] = bound_to
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Bound" if bound_to else "Pending"}}


def storage_class(
    provisioner: str = "kubernetes.io/no-provisioner", mode: str = "WaitForFirstConsumer"
) -> dict[str, Any]:
    return {"metadata": {"name": "local"}, "provisioner": provisioner, "volumeBindingMode": mode}


def using(*names: str) -> list[dict[str, Any]]:
    return [{"name": f"v{i}", "persistentVolumeClaim": {"claimName": name}} for i, name in enumerate(names)]


def hosts(*names: str, **objects: dict[str, Any]) -> Stage:
    stage = Stage(*(node(name) for name in names))
    stage.shelf.put("StorageClass", storage_class())
    return stage


def test_a_missing_claim_is_named() -> None:
    message = hosts("a").why_not(pod("p", volumes=using("data")))
    assert message == '0/1 nodes are available: persistentvolumeclaim "data" not found.' + LOST_STATE


def test_a_claim_that_is_being_deleted_is_named() -> None:
    stage = hosts("a")
    stage.shelf.put("PersistentVolume", volume("v"))
    gone = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    stage.shelf.put("PersistentVolumeClaim", claim("data", "v", metadata=gone))
    wanted = '0/1 nodes are available: persistentvolumeclaim "data" is being deleted.'
    assert stage.why_not(pod("p", volumes=using("data"))) == wanted + LOST_STATE


def test_an_ephemeral_claim_is_waited_for() -> None:
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]
    message = hosts("a").why_not(pod("p", volumes=volumes))
    assert 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch".' in message


def test_immediate_claims_must_be_bound_first() -> None:
    stage = hosts("a")
    stage.shelf.put("StorageClass", storage_class(mode="Immediate"))
    stage.shelf.put("PersistentVolumeClaim", claim("data"))
    wanted = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims." + LOST_STATE
    assert stage.why_not(pod("p", volumes=using("data"))) == wanted


def test_a_bound_volume_ties_the_pod_to_its_node() -> None:
    stage = hosts("a", "b")
    stage.shelf.put("PersistentVolume", volume("v", host="b"))
    stage.shelf.put("PersistentVolumeClaim", claim("data", "v"))
    assert stage.schedule(pod("p", volumes=using("data"))) == "b"
    message = stage.why_not(pod("q", volumes=using("data"), nodeSelector={HOST: "a"}))
    assert (
        "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) didn't" in message
    )


def test_a_bound_claim_without_its_volume_is_unavailable() -> None:
    stage = hosts("a")
    stage.shelf.put("PersistentVolumeClaim", claim("data", "gone"))
    message = stage.why_not(pod("p", volumes=using("data")))
    assert message == '0/1 nodes are available: persistentvolume "gone" not found.' + LOST_STATE


def test_each_claim_gets_the_smallest_volume_that_will_do() -> None:
    stage = hosts("a", "b")
    for one in (volume("a1", "a"), volume("b1", "b"), volume("b5", "b", "5Gi"), volume("b2", "b", "2Gi")):
        stage.shelf.put("PersistentVolume", one)
    stage.shelf.put("PersistentVolumeClaim", claim("data"))
    stage.shelf.put("PersistentVolumeClaim", claim("logs", size="2Gi"))
    decision = stage.try_(pod("p", volumes=using("logs", "data")))
    assert decision.node == "b"
    names = [(v["metadata"]["name"], c["metadata"]["name"]) for v, c in decision.booking.volumes]
    assert names == [("b1", "data"), ("b2", "logs")]


def test_a_volume_that_is_too_small_is_no_volume() -> None:
    stage = hosts("a")
    stage.shelf.put("PersistentVolume", volume("v", "a"))
    stage.shelf.put("PersistentVolumeClaim", claim("data", size="2Gi"))
    assert "1 node(s) didn't find available persistent volumes to bind." in stage.why_not(
        pod("p", volumes=using("data"))
    )


def test_provisioning_follows_the_allowed_topologies() -> None:
    stage = Stage(node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}))
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": ["z2"]}]}]
    stage.shelf.put("StorageClass", {**storage_class("example.com/disk"), "allowedTopologies": terms})
    stage.shelf.put("PersistentVolumeClaim", claim("data"))
    decision = stage.try_(pod("p", volumes=using("data")))
    assert (decision.node, len(decision.booking.provision)) == ("b", 1)


def test_zone_labels_of_a_volume_count() -> None:
    stage = Stage(node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}))
    stage.shelf.put("PersistentVolume", volume("v", labels={ZONE: "z2"}))
    stage.shelf.put("PersistentVolumeClaim", claim("data", "v"))
    assert stage.schedule(pod("p", volumes=using("data"))) == "b"
    message = stage.why_not(pod("q", volumes=using("data"), nodeSelector={ZONE: "z1"}))
    assert "1 node(s) had no available volume zone" in message


def test_a_driver_attaches_only_so_many_volumes_to_a_node() -> None:
    stage = hosts("a")
    drivers = [{"name": "example.com", "nodeID": "a", "allocatable": {"count": 1}}]
    stage.shelf.put("CSINode", {"metadata": {"name": "a"}, "spec": {"drivers": drivers}})
    for i in "12":
        stage.shelf.put("PersistentVolume", volume(f"v{i}", csi={"driver": "example.com", "volumeHandle": i}))
        stage.shelf.put("PersistentVolumeClaim", claim(f"d{i}", f"v{i}"))
    assert stage.schedule(pod("p", volumes=using("d1"))) == "a"
    assert stage.try_(pod("same", volumes=using("d1"))).node == "a"
    assert "1 node(s) exceed max volume count." in stage.why_not(pod("q", volumes=using("d2")))


def test_a_claim_for_one_pod_is_not_shared() -> None:
    stage = hosts("a")
    stage.shelf.put("PersistentVolume", volume("v"))
    stage.shelf.put("PersistentVolumeClaim", claim("data", "v", modes=["ReadWriteOncePod"]))
    assert stage.schedule(pod("p", volumes=using("data"))) == "a"
    message = stage.why_not(pod("q", volumes=using("data")))
    assert "ReadWriteOncePod access mode already in-use by another pod" in message


@pytest.mark.parametrize(("read_only", "fits"), [(False, False), (True, True)])
def test_a_disk_is_shared_only_for_reading(read_only: bool, fits: bool) -> None:
    stage = hosts("a")
    disks = [{"name": "d", "gcePersistentDisk": {"pdName": "x", "readOnly": read_only}}]
    stage.put(pod("p", volumes=disks), "a")
    assert (stage.try_(pod("q", volumes=disks)).node == "a") is fits


# ---------------------------------------------------------------------------------------------------- in a cluster


@pytest.fixture
def engine() -> Engine:
    engine = quiet_engine()
    for name in [name for name in engine.cluster.parts if "volume" in name]:
        engine.cluster.remove_part(name)
    engine.api.create("StorageClass", storage_class())
    add_node(engine, "a")
    add_node(engine, "b")
    return engine


def set_status(engine: Engine, kind: str, name: str, phase: str) -> None:
    namespace = "default" if kind == "PersistentVolumeClaim" else ""
    engine.api.patch(kind, namespace, name, {"status": {"phase": phase}}, subresource="status")


def finish_claim(engine: Engine, name: str, volume_name: str) -> None:
    marks = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    engine.api.patch("PersistentVolumeClaim", "default", name, {"metadata": marks, "spec": {"volumeName": volume_name}})
    set_status(engine, "PersistentVolumeClaim", name, "Bound")
    engine.cluster.advance(0)


def test_a_pod_is_bound_after_its_volumes(engine: Engine) -> None:
    engine.api.create("PersistentVolume", volume("v", "b"))
    set_status(engine, "PersistentVolume", "v", "Available")
    engine.api.create("PersistentVolumeClaim", claim("data"))
    add_pod(engine, "p", volumes=using("data"))
    reserved = engine.api.get("PersistentVolume", "", "v")
    assert reserved is not None and reserved["spec"]["claimRef"]["name"] == "data"
    waiting = engine.api.get("Pod", "default", "p")
    assert waiting is not None
    assert (node_of(engine, "p"), waiting["status"]["nominatedNodeName"]) == (None, "b")
    finish_claim(engine, "data", "v")
    assert node_of(engine, "p") == "b"


def test_room_is_kept_for_a_pod_that_waits_for_volumes(engine: Engine) -> None:
    engine.api.create("PersistentVolume", volume("v", "b"))
    set_status(engine, "PersistentVolume", "v", "Available")
    engine.api.create("PersistentVolumeClaim", claim("data"))
    add_pod(engine, "p", cpu="3", volumes=using("data"))
    add_pod(engine, "q", cpu="3", nodeSelector={HOST: "b"})
    assert node_of(engine, "q") is None
    engine.api.delete("Pod", "default", "p", grace=0)
    engine.cluster.advance(0)
    assert node_of(engine, "q") == "b"


def test_a_volume_is_made_for_the_chosen_node(engine: Engine) -> None:
    engine.api.delete("StorageClass", "", "local")
    engine.api.create("StorageClass", storage_class("example.com/disk"))
    engine.api.create("PersistentVolumeClaim", claim("data"))
    add_pod(engine, "p", volumes=using("data"))
    waiting = engine.api.get("PersistentVolumeClaim", "default", "data")
    assert waiting is not None
    chosen = waiting["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
    engine.api.create("PersistentVolume", volume("made", chosen))
    finish_claim(engine, "data", "made")
    assert node_of(engine, "p") == chosen


def test_waiting_for_volumes_ends_after_ten_minutes(engine: Engine) -> None:
    engine.api.delete("StorageClass", "", "local")
    engine.api.create("StorageClass", storage_class("example.com/disk"))
    engine.api.create("PersistentVolumeClaim", claim("data"))
    add_pod(engine, "p", volumes=using("data"))
    engine.cluster.advance(599)
    assert status_of(engine, "p")[1] == ""
    engine.cluster.advance(2)
    assert status_of(engine, "p") == (None, "SchedulerError", "binding volumes: context deadline exceeded")
