"""What containers leave in volumes that outlive their pods, and what a script finds in its volumes when it is looked at again."""

from __future__ import annotations

from typing import Any

from cluster_core.workloads.disks import SET, Disks
from tests.builders import Engine

HOST = {"hostPath": {"path": "/srv/data", "type": "DirectoryOrCreate"}}
CLAIM = {"persistentVolumeClaim": {"claimName": "data"}}
NETWORK = {"csi": {"driver": "disks.example.com", "volumeHandle": "disk-1"}}
IDLE = "sleep 36000"


def container(script: str, path: str = "/data", **mount: Any) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return {"name": "c", "image": "busybox", "command": command, "volumeMounts": [{"name": "v", "mountPath": path, **mount}]}


def pod(engine: Engine, name: str, volume: dict[str, Any], script: str = IDLE, node: int | None = 0, seconds: float = 30, **mount: Any) -> None:
    nodes = sorted(each["metadata"]["name"] for each in engine.api.list("Node"))
    workers = [each for each in nodes if "control-plane" not in each] or nodes
    spec = {"containers": [container(script, **mount)], "volumes": [{"name": "v", **volume}], "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1, **({} if node is None else {"nodeName": workers[node]})}  # fmt: skip
    engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    engine.cluster.advance(seconds)


def gone(engine: Engine, name: str) -> None:
    engine.api.delete("Pod", "default", name)
    engine.cluster.advance(40)
    assert engine.api.get("Pod", "default", name) is None


def run(engine: Engine, name: str, script: str, container: str = "c") -> str:
    found = engine.api.get("Pod", "default", name)
    assert found is not None
    return str(engine.cluster.parts["kubelet"].inside.execute(found, container, ["sh", "-c", script]).stdout)


def log(engine: Engine, name: str) -> str:
    return engine.call("GET", f"/api/v1/namespaces/default/pods/{name}/log").body.decode()


def reloaded(engine: Engine) -> None:
    engine.cluster = type(engine.cluster).load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")


def volume(engine: Engine, name: str, source: dict[str, Any], policy: str = "Retain") -> None:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "",
            "persistentVolumeReclaimPolicy": policy, **source}  # fmt: skip
    engine.api.create("PersistentVolume", {"metadata": {"name": name}, "spec": spec})


def claim(engine: Engine, name: str = "data", of: str = "pv") -> None:
    spec = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": of, "resources": {"requests": {"storage": "1Gi"}}}
    engine.api.create("PersistentVolumeClaim", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    engine.cluster.advance(30)


def with_claim(source: dict[str, Any], policy: str = "Retain") -> Engine:
    engine = Engine(nodes=2)
    volume(engine, "pv", source, policy)
    claim(engine)
    return engine


def no_claim(engine: Engine) -> None:
    engine.api.delete("PersistentVolumeClaim", "default", "data")
    engine.cluster.advance(60)


# ------------------------------------------------------------------------------------------------ hostPath


def test_what_a_command_writes_below_a_host_path_is_there_for_the_next_pod_on_the_same_node_only():
    engine = Engine(nodes=2)
    pod(engine, "first", HOST)
    run(engine, "first", "mkdir -p /data/sub; echo hi > /data/sub/f")
    gone(engine, "first")
    pod(engine, "same", HOST)
    pod(engine, "other", HOST, node=1)
    assert run(engine, "same", "cat /data/sub/f") == "hi\n"
    assert run(engine, "other", "cat /data/sub/f") == ""


def test_a_host_path_is_one_place_under_whatever_path_it_is_mounted():
    engine = Engine(nodes=1)
    pod(engine, "whole", {"hostPath": {"path": "/srv"}})
    pod(engine, "part", {"hostPath": {"path": "/srv"}}, subPath="data/sub")
    run(engine, "whole", "mkdir -p /data/data/sub; echo hi > /data/data/sub/f")
    assert run(engine, "part", "cat /data/f") == "hi\n"
    run(engine, "part", "rm /data/f")
    pod(engine, "later", HOST)
    assert run(engine, "later", "ls /data/sub") == ""


def test_a_script_finds_what_the_scripts_of_earlier_pods_have_left():
    engine = Engine(nodes=1)
    for name in ("a", "b", "c"):
        pod(engine, name, HOST, "echo $HOSTNAME >> /data/log; cat /data/log")
        if name == "b":
            reloaded(engine)
    assert [log(engine, name) for name in ("a", "b", "c")] == ["a\n", "a\nb\n", "a\nb\nc\n"]
    reloaded(engine)
    assert [log(engine, name) for name in ("a", "b", "c")] == ["a\n", "a\nb\n", "a\nb\nc\n"], "each has printed what it has printed"


def test_a_container_that_begins_anew_finds_what_it_has_left_before():
    engine = Engine(nodes=1)
    script = "test -f /data/marker && exit 0; touch /data/marker; exit 1"
    job = {"backoffLimit": 3, "template": {"spec": {"containers": [container(script)], "volumes": [{"name": "v", **HOST}], "restartPolicy": "Never"}}}
    engine.api.create("Job", {"metadata": {"name": "j", "namespace": "default"}, "spec": job})
    engine.cluster.advance(120)
    status = engine.api.get("Job", "default", "j")["status"]
    assert (status.get("succeeded"), status.get("failed")) == (1, 1)


def test_a_script_that_is_killed_has_written_only_what_it_had_come_to():
    engine = Engine(nodes=1)
    pod(engine, "writer", HOST, "n=0; while true; do n=$((n+1)); echo $n >> /data/log; sleep 10; done", seconds=35)
    gone(engine, "writer")
    engine.cluster.advance(600)
    pod(engine, "reader", HOST, "cat /data/log")
    lines = log(engine, "reader").split()
    assert lines == [str(number) for number in range(1, len(lines) + 1)] and 3 <= len(lines) <= 5


def test_pods_that_run_together_see_each_others_lines_as_they_are_written():
    engine = Engine(nodes=1)
    pod(engine, "writer", HOST, "echo one > /data/log; sleep 100; echo two >> /data/log; sleep 36000")
    pod(engine, "reader", HOST)
    assert run(engine, "reader", "cat /data/log") == "one\n"
    reloaded(engine)
    engine.cluster.advance(100)
    assert run(engine, "reader", "cat /data/log") == "one\ntwo\n"
    run(engine, "reader", "echo three >> /data/log")
    assert run(engine, "writer", "cat /data/log") == "one\ntwo\nthree\n"


def test_a_script_waits_for_a_file_that_another_pod_will_write():
    engine = Engine(nodes=1)
    pod(engine, "writer", HOST, "sleep 60; echo now > /data/ready; sleep 36000", seconds=10)
    pod(engine, "waiter", HOST, "until [ -f /data/ready ]; do echo waiting; sleep 5; done; cat /data/ready", seconds=20)
    assert set(log(engine, "waiter").split()) == {"waiting"}
    engine.cluster.advance(60)
    assert log(engine, "waiter").split()[-1] == "now"
    assert engine.api.get("Pod", "default", "waiter")["status"]["phase"] == "Succeeded"


# ------------------------------------------------------------------------------------------------ claims


def test_a_network_volume_goes_with_its_claim_to_another_node():
    engine = with_claim(NETWORK)
    pod(engine, "first", CLAIM)
    run(engine, "first", "echo hi > /data/f")
    gone(engine, "first")
    reloaded(engine)
    pod(engine, "second", CLAIM, node=1, seconds=120)
    assert run(engine, "second", "cat /data/f") == "hi\n"


def test_a_volume_on_a_nodes_disk_is_another_one_on_another_node():
    engine = with_claim({"hostPath": {"path": "/srv/pv"}})
    pod(engine, "first", CLAIM)
    run(engine, "first", "echo hi > /data/f")
    pod(engine, "other", CLAIM, node=1)
    pod(engine, "same", {"hostPath": {"path": "/srv"}})
    assert run(engine, "other", "cat /data/f") == ""
    assert run(engine, "same", "cat /data/pv/f") == "hi\n"


def test_a_volume_that_is_kept_keeps_its_contents_for_the_next_claim():
    engine = with_claim(NETWORK)
    pod(engine, "first", CLAIM)
    run(engine, "first", "echo hi > /data/f")
    gone(engine, "first")
    no_claim(engine)
    engine.api.patch("PersistentVolume", "", "pv", {"spec": {"claimRef": None}})
    claim(engine)
    pod(engine, "second", CLAIM, seconds=120)
    assert run(engine, "second", "cat /data/f") == "hi\n"


def test_a_volume_that_is_deleted_with_its_claim_takes_its_contents_along():
    engine = with_claim({"hostPath": {"path": "/tmp/pv"}}, policy="Delete")
    pod(engine, "first", CLAIM)
    run(engine, "first", "echo hi > /data/f")
    gone(engine, "first")
    no_claim(engine)
    assert engine.api.get("PersistentVolume", "", "pv") is None
    volume(engine, "pv", {"hostPath": {"path": "/tmp/pv"}})
    claim(engine)
    pod(engine, "second", CLAIM)
    assert run(engine, "second", "ls /data") == ""


def test_each_pod_of_a_stateful_set_finds_its_own_files_again():
    engine = Engine(nodes=1)
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container(f"echo $HOSTNAME >> /data/log; cat /data/log; {IDLE}")]}}
    made = [{"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]
    spec = {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}}, "template": template, "volumeClaimTemplates": made}
    engine.api.create("StatefulSet", {"metadata": {"name": "db", "namespace": "default"}, "spec": spec})
    engine.cluster.advance(120)
    run(engine, "db-0", "echo hi > /data/f")
    before = engine.api.get("Pod", "default", "db-0")["metadata"]["uid"]
    engine.api.delete("Pod", "default", "db-0")
    engine.cluster.advance(120)
    assert engine.api.get("Pod", "default", "db-0")["metadata"]["uid"] != before
    assert run(engine, "db-0", "cat /data/f") == "hi\n"
    assert run(engine, "db-1", "cat /data/f") == ""
    assert log(engine, "db-0") == "db-0\ndb-0\n"


# ------------------------------------------------------------------------------------------------ looked at again


def test_a_script_that_looks_for_a_file_it_writes_itself_stays_what_it_was_when_looked_at_again():
    engine = Engine(nodes=1)
    pod(engine, "p", {"emptyDir": {}}, f"test -f /data/f && echo again || echo first; echo x >> /data/f; {IDLE}")
    assert log(engine, "p") == "first\n"
    assert run(engine, "p", "cat /data/f") == "x\n"
    reloaded(engine)
    assert log(engine, "p") == "first\n"
    assert run(engine, "p", "cat /data/f") == "x\n"


def test_an_empty_dir_ends_with_its_pod():
    engine = Engine(nodes=1)
    pod(engine, "p", {"emptyDir": {}}, f"echo x > /data/f; {IDLE}")
    gone(engine, "p")
    pod(engine, "p", {"emptyDir": {}})
    assert run(engine, "p", "ls /data") == ""
    assert "disks" not in engine.cluster.parts["kubelet"].workloads.dump()


def test_pods_without_such_volumes_are_not_remembered():
    engine = Engine(nodes=1)
    pod(engine, "p", {"configMap": {"name": "cm", "optional": True}})
    run(engine, "p", "true")
    assert not {"disks", "lives"} & engine.cluster.parts["kubelet"].workloads.dump().keys()


def test_a_job_whose_pod_was_evicted_finds_the_marker_the_pod_had_left_on_its_node():
    engine = Engine(nodes=1)
    script = f"if [ -r /data/foo ]; then exit 0; fi; touch /data/foo; {IDLE}"
    rules = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}
    template = {"spec": {"containers": [container(script)], "volumes": [{"name": "v", **HOST}], "restartPolicy": "Never", "terminationGracePeriodSeconds": 1}}
    job = {"backoffLimit": 0, "podFailurePolicy": rules, "template": template}
    engine.api.create("Job", {"metadata": {"name": "j", "namespace": "default"}, "spec": job})
    engine.cluster.advance(30)
    name = engine.api.list("Pod", "default")[0]["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    assert engine.call("POST", f"/api/v1/namespaces/default/pods/{name}/eviction", eviction).status == 201
    engine.cluster.advance(120)
    assert engine.api.get("Job", "default", "j")["status"].get("succeeded") == 1


def test_a_provisioned_volume_is_emptied_with_its_claim_and_a_new_one_of_the_same_name_is_empty():
    engine = Engine(nodes=1)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = {"metadata": {"name": "data", "namespace": "default"}, "spec": spec}
    engine.api.create("PersistentVolumeClaim", made)
    pod(engine, "first", CLAIM, f"echo hi > /data/f; {IDLE}", node=None, seconds=90)
    assert run(engine, "first", "cat /data/f") == "hi\n"
    gone(engine, "first")
    no_claim(engine)
    assert engine.api.list("PersistentVolume") == []
    assert "disks" not in engine.cluster.parts["kubelet"].workloads.dump(), "nothing is kept of what is gone"
    engine.api.create("PersistentVolumeClaim", made)
    pod(engine, "second", CLAIM, node=None, seconds=90)
    assert run(engine, "second", "ls /data") == ""


def test_a_server_shows_what_is_in_its_volume_now():
    engine = Engine(nodes=1)
    pod(engine, "writer", HOST, "echo old > /data/index.html; sleep 100; echo new > /data/index.html; sleep 36000")
    server = {"name": "c", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/usr/share/nginx/html"}]}
    engine.api.create("Pod", {"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": [server], "volumes": [{"name": "v", **HOST}]}})
    engine.cluster.advance(40)
    address = engine.api.get("Pod", "default", "web")["status"]["podIP"]
    assert run(engine, "writer", f"wget -qO- http://{address}/") == "old\n"
    engine.cluster.advance(60)
    assert run(engine, "writer", f"wget -qO- http://{address}/") == "new\n"


def test_people_on_the_machine_and_containers_see_each_others_files():
    engine = Engine(nodes=1)
    pod(engine, "p", HOST)
    node = engine.api.get("Pod", "default", "p")["spec"]["nodeName"]
    engine.cluster.command("machine-write", {"node": node, "changes": {"/srv/data/f": "person\n"}})
    pod(engine, "script", HOST, "echo script >> /data/f; cat /data/f")
    assert log(engine, "script") == "person\nscript\n"
    assert run(engine, "p", "echo command >> /data/f; cat /data/f") == "person\nscript\ncommand\n"
    assert engine.cluster.command("machine-files", {"node": node})["files"]["/srv/data/f"] == "person\nscript\ncommand\n"
    engine.cluster.command("machine-write", {"node": node, "changes": {"/srv/data/f": "anew\n"}})
    assert run(engine, "p", "cat /data/f; rm /data/f") == "anew\n"
    assert "/srv/data/f" not in engine.cluster.command("machine-files", {"node": node})["files"]


def test_scripts_that_come_again_and_again_do_not_fill_what_is_saved_without_end():
    disks = Disks()
    for number in range(200):
        disks.plan("node/a", f"{number}/c/0", [(number, f"f{number}", SET, "x" * 10_000)])
        disks.forget_pod(str(number), number)
    assert len(disks.read("node/a", 200)) == 104
    disks.plan("node/a", "last/c/0", [(201, "f0", SET, None)])
    assert disks.read("node/a", 201)["f0"] is None, "what is full can still be emptied"
