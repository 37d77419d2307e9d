"""A pod's way on a node: created, running, ending, restarted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(nodes=2)


def run(engine: Engine, name: str, image: str = "nginx", container: dict[str, Any] | None = None, **spec: Any) -> None:
    made = {"name": "c", "image": image, **(container or {})}
    metadata = {"name": name, "namespace": "default"}
    engine.api.create("Pod", {"metadata": metadata, "spec": {"containers": [made], **spec}})


def status(engine: Engine, name: str) -> Any:
    return engine.api.get("Pod", "default", name)["status"]


def first(engine: Engine, name: str) -> Any:
    return status(engine, name)["containerStatuses"][0]


def events(engine: Engine, name: str) -> list[tuple[str, str]]:
    found = [each for each in engine.api.list("Event") if each["involvedObject"]["name"] == name]
    return [(each["reason"], each["message"]) for each in sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))]


def sh(script: str) -> dict[str, Any]:
    return {"command": ["sh", "-c", script]}


def test_a_pod_tells_its_way_in_events(engine):
    run(engine, "told")
    engine.settle()
    reasons = [reason for reason, _ in events(engine, "told")]
    assert reasons == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    assert ("Created", "Container created") in events(engine, "told")
    [pulled] = [message for reason, message in events(engine, "told") if reason == "Pulled"]
    assert pulled.startswith('Successfully pulled image "nginx" in ') and pulled.endswith(" bytes.")


def test_conditions_stand_in_the_kubelets_order(engine):
    run(engine, "ordered")
    engine.settle()
    types = [each["type"] for each in status(engine, "ordered")["conditions"]]
    assert types == ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]


def test_a_running_container_says_what_and_where_it_is(engine):
    run(engine, "facts", "redis:7")
    engine.settle()
    found, whole = first(engine, "facts"), status(engine, "facts")
    assert found["image"] == "docker.io/library/redis:7"
    assert found["imageID"].startswith("docker.io/library/redis@sha256:")
    assert found["containerID"].startswith("containerd://") and len(found["containerID"]) == 77
    node = engine.api.get("Node", "", engine.api.get("Pod", "default", "facts")["spec"]["nodeName"])
    assert whole["podIP"].rpartition(".")[0] == node["spec"]["podCIDR"].rpartition(".")[0]
    assert whole["hostIP"] == node["status"]["addresses"][0]["address"]


def test_a_present_image_is_not_pulled_again(engine):
    node = {"nodeSelector": {"kubernetes.io/hostname": "node-1"}}
    run(engine, "once", "httpd:2.4", **node)
    engine.settle()
    run(engine, "twice", "httpd:2.4", **node)
    engine.settle()
    reasons = [reason for reason, _ in events(engine, "twice")]
    assert "Pulling" not in reasons
    assert ("Pulled", 'Container image "httpd:2.4" already present on machine and can be accessed by the pod') in events(
        engine, "twice"
    )


def test_an_image_nobody_has_backs_off(engine):
    run(engine, "gone", "nginx:1.161")
    engine.cluster.advance(8)
    state = first(engine, "gone")["state"]["waiting"]
    assert state["reason"] == "ImagePullBackOff"
    assert state["message"].startswith('Back-off pulling image "nginx:1.161": ErrImagePull: rpc error: code = NotFound')
    assert ("Failed", "Error: ErrImagePull") in events(engine, "gone")
    assert status(engine, "gone")["phase"] == "Pending"
    engine.api.delete("Pod", "default", "gone")
    engine.settle()
    assert engine.api.get("Pod", "default", "gone") is None


def test_an_impossible_image_name_is_called_invalid(engine):
    run(engine, "odd", "Not/Valid:::")
    engine.cluster.advance(5)
    assert first(engine, "odd")["state"]["waiting"]["reason"] == "InvalidImageName"


def test_never_pulling_needs_a_present_image(engine):
    run(engine, "never", "tomcat:10", {"imagePullPolicy": "Never"})
    engine.cluster.advance(5)
    assert first(engine, "never")["state"]["waiting"]["reason"] == "ErrImageNeverPull"


@pytest.mark.parametrize(
    ("policy", "script", "phase", "restarts"),
    [
        ("Never", "exit 0", "Succeeded", 0),
        ("Never", "exit 3", "Failed", 0),
        ("OnFailure", "exit 0", "Succeeded", 0),
        ("OnFailure", "exit 3", "Running", 1),
        ("Always", "exit 0", "Running", 1),
    ],
)
def test_the_restart_policy_decides_what_an_exit_means(engine, policy, script, phase, restarts):
    name = f"exit-{policy.lower()}-{script[-1]}"
    run(engine, name, "busybox", sh(script), restartPolicy=policy)
    engine.cluster.advance(9)
    assert status(engine, name)["phase"] == phase
    assert first(engine, name)["restartCount"] == restarts
    engine.api.delete("Pod", "default", name, grace=0)


def test_a_crashing_container_waits_ten_seconds_then_twice_as_long_each_time(engine):
    run(engine, "crash", "busybox", sh("exit 1"))
    seen = []
    for _ in range(200):
        engine.cluster.advance(1)
        message = first(engine, "crash")["state"].get("waiting", {}).get("message", "")
        if message.startswith("back-off") and message.split()[1] not in seen:
            seen.append(message.split()[1])
    assert seen == ["10s", "20s", "40s", "1m20s", "2m40s"]
    engine.api.delete("Pod", "default", "crash")


def test_a_completed_pod_is_not_ready_because_it_is_completed(engine):
    run(engine, "complete", "busybox", sh("true"), restartPolicy="Never")
    engine.settle()
    ready = {each["type"]: each for each in status(engine, "complete")["conditions"]}["Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted")


def test_init_containers_run_one_after_the_other_before_the_others(engine):
    inits = [{"name": "one", "image": "busybox", **sh("sleep 5")}, {"name": "two", "image": "busybox", **sh("sleep 5")}]
    run(engine, "init", initContainers=inits)
    engine.cluster.advance(6)
    found = status(engine, "init")
    assert [list(each["state"]) for each in found["initContainerStatuses"]] == [["running"], ["waiting"]]
    initialized = {each["type"]: each for each in found["conditions"]}["Initialized"]
    assert initialized["message"] == "containers with incomplete status: [one two]"
    engine.settle()
    assert status(engine, "init")["phase"] == "Running"
    assert [each["ready"] for each in status(engine, "init")["initContainerStatuses"]] == [True, True]


def test_a_failed_init_container_fails_a_pod_that_never_restarts(engine):
    inits = [{"name": "one", "image": "busybox", **sh("exit 1")}]
    run(engine, "init-fails", initContainers=inits, restartPolicy="Never")
    engine.settle()
    assert status(engine, "init-fails")["phase"] == "Failed"


def test_a_sidecar_runs_beside_the_main_container_and_ends_after_it(engine):
    sidecar = {"name": "side", "image": "nginx", "restartPolicy": "Always"}
    run(engine, "sidecar", "busybox", sh("sleep 20"), initContainers=[sidecar], restartPolicy="Never")
    engine.cluster.advance(15)
    assert status(engine, "sidecar")["initContainerStatuses"][0]["ready"]
    engine.settle()
    assert status(engine, "sidecar")["phase"] == "Succeeded"
    assert "terminated" in status(engine, "sidecar")["initContainerStatuses"][0]["state"]


def test_a_deleted_pod_ends_quickly_when_its_process_listens_to_sigterm(engine):
    run(engine, "polite")
    engine.settle()
    engine.api.delete("Pod", "default", "polite")
    engine.cluster.advance(2)
    assert engine.api.get("Pod", "default", "polite") is None
    assert ("Killing", "Stopping container c") in events(engine, "polite")


def test_a_process_deaf_to_sigterm_is_killed_after_its_grace(engine):
    run(engine, "deaf", "busybox", {"command": ["sleep", "9999"]}, terminationGracePeriodSeconds=20)
    engine.cluster.advance(10)
    engine.api.delete("Pod", "default", "deaf")
    engine.cluster.advance(18)
    assert engine.api.get("Pod", "default", "deaf") is not None
    engine.cluster.advance(4)
    assert engine.api.get("Pod", "default", "deaf") is None


def test_a_deadline_ends_the_whole_pod(engine):
    run(engine, "late", "busybox", {"command": ["sleep", "9999"]}, activeDeadlineSeconds=20, terminationGracePeriodSeconds=1)
    engine.cluster.advance(30)
    found = status(engine, "late")
    assert (found["phase"], found["reason"]) == ("Failed", "DeadlineExceeded")


def test_memory_beyond_the_limit_is_fatal(engine):
    stress = {"command": ["stress"], "args": ["--vm", "1", "--vm-bytes", "250M"]}
    run(engine, "oom", "polinux/stress", {**stress, "resources": {"limits": {"memory": "100Mi"}}}, restartPolicy="Never")
    engine.settle()
    ended = first(engine, "oom")["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_a_missing_configmap_key_holds_a_container_back_until_it_comes(engine):
    source = {"valueFrom": {"configMapKeyRef": {"name": "later", "key": "a"}}}
    run(engine, "waits", container={"env": [{"name": "A", **source}]})
    engine.cluster.advance(5)
    waiting = first(engine, "waits")["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == ("CreateContainerConfigError", 'configmap "later" not found')
    engine.api.create("ConfigMap", {"metadata": {"name": "later", "namespace": "default"}, "data": {"a": "b"}})
    engine.cluster.advance(5)
    assert status(engine, "waits")["phase"] == "Running"


def test_a_missing_secret_volume_is_said_to_fail_mounting(engine):
    run(engine, "mount", volumes=[{"name": "v", "secret": {"secretName": "nowhere"}}])
    engine.cluster.advance(5)
    assert ("FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "nowhere" not found') in events(engine, "mount")


def test_a_changed_image_restarts_the_container(engine):
    run(engine, "changed", "nginx:1.25")
    engine.settle()
    pod = engine.api.get("Pod", "default", "changed")
    container = {**pod["spec"]["containers"][0], "image": "nginx:1.26"}
    engine.api.update("Pod", {**pod, "spec": {**pod["spec"], "containers": [container]}})
    engine.cluster.advance(30)
    assert first(engine, "changed")["image"] == "docker.io/library/nginx:1.26"
    assert first(engine, "changed")["restartCount"] == 1


def test_a_mirror_pod_comes_back_when_it_is_deleted(engine):
    engine.api.delete("Pod", "kube-system", "etcd-control-plane", grace=0)
    engine.settle()
    pod = engine.api.get("Pod", "kube-system", "etcd-control-plane")
    assert pod["status"]["phase"] == "Running"
    assert pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"


def test_a_static_pods_events_are_about_its_manifests_hash(engine):
    """As kubectl describe looks them up: generateEvents asks by the annotation config.mirror."""
    engine.api.delete("Pod", "kube-system", "kube-scheduler-control-plane", grace=0)
    engine.settle()
    pod = engine.api.get("Pod", "kube-system", "kube-scheduler-control-plane")
    mark = pod["metadata"]["annotations"]["kubernetes.io/config.mirror"]
    found = [each for each in engine.api.list("Event") if each["involvedObject"]["uid"] == mark]
    assert {each["reason"] for each in found} >= {"Created", "Started"}


def test_too_much_for_a_node_is_refused_by_its_kubelet(engine):
    big = {"resources": {"requests": {"cpu": "100"}}}
    run(engine, "big", container=big, nodeName="node-1")
    engine.settle()
    found = status(engine, "big")
    assert (found["phase"], found["reason"]) == ("Failed", "OutOfcpu")


def test_an_ephemeral_container_joins_a_running_pod(engine):
    run(engine, "joined")
    engine.settle()
    pod = engine.api.get("Pod", "default", "joined")
    debugger = {"name": "debugger", "image": "busybox", "command": ["sleep", "5"]}
    spec = {**pod["spec"], "ephemeralContainers": [debugger]}
    engine.api.update("Pod", {**pod, "spec": spec}, subresource="ephemeralcontainers")
    engine.cluster.advance(4)
    assert "running" in status(engine, "joined")["ephemeralContainerStatuses"][0]["state"]
    engine.settle()
    assert "terminated" in status(engine, "joined")["ephemeralContainerStatuses"][0]["state"]
    assert status(engine, "joined")["phase"] == "Running"


def test_new_resources_of_a_running_container_show_in_its_status(engine):
    run(engine, "resized", container={"resources": {"requests": {"cpu": "100m"}}})
    engine.settle()
    pod = engine.api.get("Pod", "default", "resized")
    container = {**pod["spec"]["containers"][0], "resources": {"requests": {"cpu": "200m"}}}
    engine.api.update("Pod", {**pod, "spec": {**pod["spec"], "containers": [container]}}, subresource="resize")
    engine.settle()
    assert first(engine, "resized")["allocatedResources"] == {"cpu": "200m"}
    assert first(engine, "resized")["restartCount"] == 0


def test_the_last_words_of_a_container_are_kept(engine):
    run(engine, "words", "busybox", sh("echo the end > /dev/termination-log; exit 1"), restartPolicy="Never")
    engine.settle()
    assert first(engine, "words")["state"]["terminated"]["message"] == "the end\n"


def test_a_changed_spec_is_seen_even_where_nothing_comes_of_it(engine):
    run(engine, "seen", **sh("sleep 3600"))
    engine.cluster.advance(10)
    engine.api.patch("Pod", "default", "seen", {"spec": {"activeDeadlineSeconds": 100000}})
    engine.cluster.advance(10)
    pod = engine.api.get("Pod", "default", "seen")
    assert pod["metadata"]["generation"] == pod["status"]["observedGeneration"] == 2


def test_a_port_of_the_host_that_is_taken_is_refused_by_the_kubelet(engine):
    port = {"containerPort": 80, "hostPort": 21017}
    node = engine.api.list("Node")[-1]["metadata"]["name"]
    for name, protocol in (("first-there", "TCP"), ("other-protocol", "UDP"), ("second-there", "TCP")):
        container = {"name": "c", "image": "nginx", "ports": [{**port, "protocol": protocol}]}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container], "nodeName": node}})
        engine.cluster.advance(10)
    assert [status(engine, name)["phase"] for name in ("first-there", "other-protocol", "second-there")] == ["Running", "Running", "Failed"]
    assert status(engine, "second-there")["reason"] == "NodePorts"


def test_a_node_that_the_pod_does_not_want_refuses_it(engine):
    run(engine, "picky", nodeSelector={"disk": "ssd"}, nodeName="node-1")
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    run(engine, "pickier", affinity=affinity, nodeName="node-1")
    run(engine, "pleased", affinity=affinity, nodeName="node-2")
    engine.settle()
    for name in ("picky", "pickier"):
        found = status(engine, name)
        assert (found["phase"], found["reason"]) == ("Failed", "NodeAffinity")
        assert found["message"] == "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        assert "containerStatuses" not in found and "podIP" not in found
    assert status(engine, "pleased")["phase"] == "Running"
