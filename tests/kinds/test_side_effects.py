"""What a write changes beside what the client wrote."""

import pytest

from tests.builders import Engine, workload


@pytest.fixture
def engine():
    return Engine(bare=True)


def volume(engine):
    source = {"hostPath": {"path": "/data"}}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow", **source}
    engine.api.create("PersistentVolume", {"metadata": {"name": "v"}, "spec": spec})
    engine.cluster.advance(60)
    return engine.api.get("PersistentVolume", "", "v")


def test_a_volumes_new_phase_begins_now_and_an_old_one_goes_on(engine):
    before = volume(engine)
    since = before["status"]["lastPhaseTransitionTime"]
    said = engine.api.update_status("PersistentVolume", {**before, "status": {"phase": before["status"]["phase"]}})
    assert said["status"]["lastPhaseTransitionTime"] == since
    released = engine.api.update_status("PersistentVolume", {**said, "status": {**said["status"], "phase": "Failed"}})
    assert released["status"]["lastPhaseTransitionTime"] == engine.cluster.clock.timestamp() != since


def test_a_slices_generation_rises_with_its_labels_and_not_with_its_annotations(engine):
    metadata = {"name": "s", "namespace": "default", "labels": {"a": "1"}}
    engine.api.create("EndpointSlice", {"metadata": metadata, "addressType": "IPv4", "endpoints": [], "ports": []})
    patch = lambda metadata: engine.api.patch("EndpointSlice", "default", "s", {"metadata": metadata})  # noqa: E731
    assert patch({"annotations": {"b": "1"}})["metadata"]["generation"] == 1
    assert patch({"labels": {"a": "2"}})["metadata"]["generation"] == 2
    assert patch({"labels": {"a": "2"}})["metadata"]["generation"] == 2


def test_rows_of_daemon_sets_hide_the_annotation_that_was_a_field(engine):
    engine.api.create("DaemonSet", workload("DaemonSet", name="d", replicas=None))
    path = "/apis/apps/v1/namespaces/default/daemonsets"
    row = engine.call("GET", path, accept="application/json;as=Table;g=meta.k8s.io;v=v1").json()["rows"][0]
    assert "annotations" not in row["object"]["metadata"]
    whole = engine.call("GET", f"{path}/d").json()
    assert whole["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "1"}
