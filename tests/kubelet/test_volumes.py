"""What volumes bring into containers, and how that follows what it came from."""

from __future__ import annotations

import base64
from typing import Any

from tests.builders import Engine


def starts(volume: dict[str, Any], script: str, annotations: dict[str, str] | None = None) -> Engine:
    """A cluster with ConfigMap "cm" and a pod "p" that runs the script with the volume at /etc/v."""
    engine = Engine(nodes=1)
    engine.api.create("ConfigMap", {"metadata": {"name": "cm", "namespace": "default"}, "data": {"key": "first"}})
    container = {"name": "c", "image": "busybox", "command": ["sh", "-c", script], "volumeMounts": [{"name": "v", "mountPath": "/etc/v"}]}
    spec = {"containers": [container], "volumes": [{"name": "v", **volume}], "restartPolicy": "Never"}
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default", "annotations": annotations or {}}, "spec": spec})
    engine.cluster.advance(30)
    return engine


def log(engine: Engine) -> str:
    return engine.call("GET", "/api/v1/namespaces/default/pods/p/log").body.decode()


WATCHING = "while true; do cat /etc/v/key; echo; sleep 5; done"
CONFIG_MAP = {"configMap": {"name": "cm", "optional": True}}


def test_a_running_container_sees_within_a_minute_what_has_become_of_its_config_map():
    engine = starts(CONFIG_MAP, WATCHING)
    engine.api.patch("ConfigMap", "default", "cm", {"data": {"key": "second"}})
    engine.cluster.advance(70)
    lines = log(engine).split()
    assert set(lines) == {"first", "second"}
    assert lines == sorted(lines), "what has been printed stays printed"


def test_the_same_is_so_for_a_projection_and_after_a_restart_of_the_product():
    engine = starts({"projected": {"sources": [CONFIG_MAP]}}, WATCHING)
    engine.api.patch("ConfigMap", "default", "cm", {"data": {"key": "second"}})
    engine.cluster.advance(70)
    before = log(engine)
    assert "first" in before and "second" in before
    engine.cluster = type(engine.cluster).load(engine.cluster.save())
    assert log(engine) == before


def test_files_of_a_deleted_optional_config_map_go():
    engine = starts(CONFIG_MAP, WATCHING)
    engine.api.delete("ConfigMap", "default", "cm")
    engine.cluster.advance(70)
    assert "first" in log(engine) and "No such file" in log(engine)


def test_an_optional_config_map_may_come_later():
    engine = starts({"configMap": {"name": "late", "optional": True}}, WATCHING)
    engine.api.create("ConfigMap", {"metadata": {"name": "late", "namespace": "default"}, "data": {"key": "come"}})
    engine.cluster.advance(70)
    assert "No such file" in log(engine) and "come" in log(engine)


def test_a_script_that_waits_for_a_file_ends_when_it_is_there():
    engine = starts(CONFIG_MAP, "until grep -q go /etc/v/key; do sleep 1; done; exit 3")
    engine.api.patch("ConfigMap", "default", "cm", {"data": {"key": "go"}})
    engine.cluster.advance(70)
    pod = engine.api.get("Pod", "default", "p")
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_the_downward_api_follows_labels_and_annotations():
    items = [{"path": "key", "fieldRef": {"fieldPath": "metadata.annotations"}}]
    engine = starts({"downwardAPI": {"items": items}}, WATCHING, annotations={"builder": "bar"})
    engine.api.patch("Pod", "default", "p", {"metadata": {"annotations": {"builder": "foo"}}})
    engine.cluster.advance(20)
    assert 'builder="bar"' in log(engine) and 'builder="foo"' in log(engine)


def test_bytes_that_are_no_text_reach_the_container_unharmed():
    engine = Engine(nodes=1)
    data = base64.b64encode(bytes([0xDE, 0xCA, 0xFE, 0xFF])).decode()
    engine.api.create("ConfigMap", {"metadata": {"name": "bin", "namespace": "default"}, "binaryData": {"dump": data}})
    container = {"name": "c", "image": "busybox", "command": ["hexdump", "-C", "/etc/v/dump"], "volumeMounts": [{"name": "v", "mountPath": "/etc/v"}]}
    spec = {"containers": [container], "volumes": [{"name": "v", "configMap": {"name": "bin"}}], "restartPolicy": "Never"}
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
    engine.cluster.advance(30)
    assert "de ca fe ff" in log(engine)
    engine.api.patch("ConfigMap", "default", "bin", {"binaryData": {"dump": "AAAA"}})
    engine.cluster.advance(70)
    engine.cluster.save()


def test_every_container_finds_a_token_of_its_service_account_that_the_api_server_knows():
    engine = starts(CONFIG_MAP, "while true; do sleep 60; done")
    root = "/var/run/secrets/kubernetes.io/serviceaccount"
    inside, pod = engine.cluster.parts["kubelet"].inside, engine.api.get("Pod", "default", "p")
    token, authority, namespace = (inside.execute(pod, "c", ["cat", f"{root}/{name}"]).stdout for name in ("token", "ca.crt", "namespace"))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    user = engine.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review).json()["status"]["user"]
    assert user["username"] == "system:serviceaccount:default:default"
    assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["p"]
    assert authority == engine.api.get("ConfigMap", "default", "kube-root-ca.crt")["data"]["ca.crt"]
    assert namespace == "default"
    engine.cluster.advance(600)
    assert inside.execute(pod, "c", ["cat", f"{root}/token"]).stdout == token
    engine.cluster.advance(3600)
    assert inside.execute(pod, "c", ["cat", f"{root}/token"]).stdout != token, "the kubelet gets a new one in time"


def pod_with(engine: Engine, name: str, containers: list[dict[str, Any]], **spec: Any) -> None:
    whole = [{"name": f"c{number}", "image": "busybox", **container} for number, container in enumerate(containers)]
    engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": whole, "restartPolicy": "Never", **spec}})
    engine.cluster.advance(30)


def run(engine: Engine, name: str, *command: str, container: str = "c0") -> tuple[int, str]:
    done = engine.cluster.parts["kubelet"].inside.execute(engine.api.get("Pod", "default", name), container, list(command))
    return done.exit_code, done.stdout


EMPTY = [{"name": "v", "emptyDir": {}}]
SLEEP = {"command": ["sleep", "36000"]}


def test_a_sub_path_with_variables_is_the_same_place_as_in_the_whole_volume():
    engine = Engine(nodes=1)
    mounts = [{"name": "v", "mountPath": "/whole"}, {"name": "v", "mountPath": "/part", "subPathExpr": "logs/$(NAME)"}]
    pod_with(engine, "p", [{**SLEEP, "env": [{"name": "NAME", "value": "foo"}], "volumeMounts": mounts}], volumes=EMPTY)
    assert run(engine, "p", "touch", "/whole/logs/foo/test.log")[0] == 0
    assert run(engine, "p", "test", "-f", "/part/test.log")[0] == 0


def test_containers_meet_in_a_sub_path_of_a_volume():
    engine = Engine(nodes=1)
    writes = {"command": ["sh", "-c", "echo hello > /out/f; sleep 36000"], "volumeMounts": [{"name": "v", "mountPath": "/out", "subPath": "a"}]}
    reads = {**SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/all"}]}
    pod_with(engine, "p", [writes, reads], volumes=EMPTY)
    assert run(engine, "p", "cat", "/all/a/f", container="c1") == (0, "hello\n")


def test_a_sub_path_that_leads_out_of_its_volume_starts_no_container():
    engine = Engine(nodes=1)
    for name, value, message in (("up", "..", "unable to provision SubPath `..`: must not contain '..'"),
                                 ("abs", "/tmp", "error SubPath `/tmp` must not be an absolute path"), ("none", "", "missing value for NAME")):  # fmt: skip
        mounts = [{"name": "v", "mountPath": "/part", "subPathExpr": "$(NAME)"}]
        pod_with(engine, name, [{**SLEEP, "env": [{"name": "NAME", "value": value}], "volumeMounts": mounts}], volumes=EMPTY)
        waiting = engine.api.get("Pod", "default", name)["status"]["containerStatuses"][0]["state"]["waiting"]
        assert waiting == {"reason": "CreateContainerConfigError", "message": message}


def test_the_kubelet_writes_etc_hosts_unless_the_pod_is_on_the_nodes_network_or_brings_its_own():
    engine = Engine(nodes=1)
    alias = [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]
    own = {**SLEEP, "volumeMounts": [{"name": "h", "mountPath": "/etc/hosts"}]}
    volumes = [{"name": "h", "hostPath": {"path": "/etc/hosts", "type": "FileOrCreate"}}]
    pod_with(engine, "p", [{"command": ["cat", "/etc/hosts"]}, own], volumes=volumes, hostAliases=alias)
    pod_with(engine, "host", [SLEEP], hostNetwork=True)
    hosts = engine.call("GET", "/api/v1/namespaces/default/pods/p/log", query=[("container", "c0")]).body.decode()
    assert hosts.startswith("# Kubernetes-managed hosts file.") and "123.45.67.89\tfoo\tbar" in hosts
    assert engine.api.get("Pod", "default", "p")["status"]["podIP"] in hosts
    for name, container in (("p", "c1"), ("host", "c0")):
        assert "Kubernetes-managed" not in run(engine, name, "cat", "/etc/hosts", container=container)[1]


def test_the_limits_of_a_container_are_those_of_its_control_group():
    engine = Engine(nodes=1)
    resources = {"requests": {"cpu": "100m", "memory": "20Mi"}, "limits": {"cpu": "250m", "memory": "40Mi"}}
    pod_with(engine, "p", [{**SLEEP, "resources": resources}, SLEEP])
    shown = [run(engine, "p", "sh", "-c", f"head -n 1 /sys/fs/cgroup/{name}")[1] for name in ("cpu.max", "cpu.weight", "memory.max")]
    assert shown == ["25000 100000\n", "17\n", "41943040\n"]
    assert run(engine, "p", "cat", "/sys/fs/cgroup/cpu.max", container="c1") == (0, "max 100000\n")
    assert "/sys/fs/cgroup" in run(engine, "p", "mount", "-t", "cgroup2")[1]


def test_only_who_may_administer_the_network_adds_interfaces():
    engine = Engine(nodes=1)
    pod_with(engine, "p", [SLEEP, {**SLEEP, "securityContext": {"privileged": True}}])
    assert [run(engine, "p", "ip", "link", "add", "dummy0", "type", "dummy", container=name)[0] for name in ("c0", "c1")] == [2, 0]


def test_what_a_command_leaves_in_a_shared_volume_is_there_for_the_other_container():
    engine = Engine(nodes=1)
    one = {**SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/one"}]}
    two = {**SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/two"}]}
    pod_with(engine, "p", [one, two], volumes=EMPTY)
    assert run(engine, "p", "sh", "-c", "mkdir /one/sub; echo hello > /one/sub/f; echo own > /tmp/g")[0] == 0
    assert run(engine, "p", "cat", "/two/sub/f", container="c1") == (0, "hello\n")
    assert run(engine, "p", "cat", "/tmp/g", container="c1")[0] == 1
    assert run(engine, "p", "rm", "/two/sub/f", container="c1")[0] == 0
    assert run(engine, "p", "cat", "/one/sub/f")[0] == 1
    engine.cluster = type(engine.cluster).load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    assert run(engine, "p", "cat", "/tmp/g") == (0, "own\n")
    assert run(engine, "p", "cat", "/one/sub/f")[0] == 1


def test_an_image_is_mounted_as_a_volume():
    engine = Engine(nodes=1)
    volumes = [{"name": "v", "image": {"reference": "nginx:1.27"}}]
    mounts = [{"name": "v", "mountPath": "/whole"}, {"name": "v", "mountPath": "/part", "subPath": "etc"}]
    pod_with(engine, "p", [{**SLEEP, "volumeMounts": mounts}], volumes=volumes)
    assert "Welcome to nginx!" in run(engine, "p", "cat", "/whole/usr/share/nginx/html/index.html")[1]
    assert "ID=debian" in run(engine, "p", "cat", "/part/os-release")[1]


def test_a_container_with_a_volume_of_an_image_that_is_not_there_does_not_start():
    engine = Engine(nodes=1)
    volumes = [{"name": "v", "image": {"reference": "does-not-exist:1"}}]
    pod_with(engine, "p", [{**SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}], volumes=volumes)
    waiting = engine.api.get("Pod", "default", "p")["status"]["containerStatuses"][0]["state"]["waiting"]
    assert "pull access denied" in waiting["message"]
