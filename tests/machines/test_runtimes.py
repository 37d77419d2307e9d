"""What a container runtime holds, and the tools that show it; processes and what they use."""

from __future__ import annotations

import json

import pytest

from tests.builders import pod
from tests.machines.setups import MASTER, WORKER, SetUp

APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
PAPERS = "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"


@pytest.fixture(scope="module")
def plain() -> SetUp:
    up = SetUp()
    up.cluster.advance(200)
    return up


def _rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_crictl_has_the_real_columns(plain: SetUp) -> None:
    head, *rows = plain.run("crictl ps").splitlines()
    assert head.split("  ")[0] == "CONTAINER" and head.index("IMAGE") == 20 and head.endswith("NAMESPACE")
    assert len(rows) == 6 and all("3 minutes ago" in row for row in rows)
    assert _rows(plain.run("crictl images"))[0] == ["IMAGE", "TAG", "IMAGE", "ID", "SIZE"]
    assert _rows(plain.run("crictl pods"))[0][:2] == ["POD", "ID"]


def test_containers_are_found_by_id_and_chosen_by_name(plain: SetUp) -> None:
    identity = plain.run("crictl ps -q --name etcd").strip()
    assert len(identity) == 64
    found = json.loads(plain.run(f"crictl inspect {identity[:10]}"))
    assert found["status"]["id"] == identity and found["info"]["runtimeSpec"]["process"]["args"][0] == "etcd"
    assert "not found" in plain.run("crictl inspect beefbeef")
    assert str(found["info"]["pid"]) in plain.run("pidof etcd").split()


def test_an_api_server_that_crashes_is_seen_by_crictl_alone() -> None:
    up = SetUp()
    up.cluster.advance(20)
    up.replace(MASTER, APISERVER, "--etcd-servers", "--etcd-serverz")
    up.cluster.advance(100)
    row = next(line for line in up.run("crictl ps -a").splitlines() if "kube-apiserver" in line)
    assert "Exited" in row and " 3 " in row
    assert "kube-apiserver" not in up.run("crictl ps")
    assert up.run("crictl logs kube-apiserver") == "Error: unknown flag: --etcd-serverz\n"
    assert 'with CrashLoopBackOff: ' in up.run("journalctl -u kubelet")
    up.replace(MASTER, APISERVER, "--etcd-serverz", "--etcd-servers")
    up.cluster.advance(30)
    assert up.find("Pod", "kube-apiserver-control-plane", "kube-system")["status"]["containerStatuses"][0]["restartCount"] == 1


@pytest.mark.parametrize("part", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
def test_an_image_that_is_not_to_be_had_takes_the_part_down(part: str) -> None:
    up = SetUp()
    path = f"/etc/kubernetes/manifests/{part}.yaml"
    text = up.files()[path]
    image = next(line.split("image: ")[1] for line in text.splitlines() if "image: " in line)
    up.replace(MASTER, path, image, "registry.k8s.io/no-such-image:v1")
    up.cluster.advance(60)
    assert not up.is_running(part)
    assert not [line for line in up.run("crictl ps").splitlines() if f" {part} " in line]
    assert "ErrImagePull" in up.run("journalctl -u kubelet")
    up.replace(MASTER, path, "registry.k8s.io/no-such-image:v1", image)
    up.cluster.advance(30)
    assert up.is_running(part)


def test_images_are_pulled_and_removed(plain: SetUp) -> None:
    assert "Image is up to date for sha256:" in plain.run("crictl pull redis", WORKER)
    assert "docker.io/library/redis" in plain.run("crictl images", WORKER)
    assert plain.run("crictl rmi redis", WORKER) == "Deleted: docker.io/library/redis:latest\n"
    assert "docker.io/library/redis" not in plain.run("crictl images", WORKER)
    assert "no such image" in plain.run("crictl rmi redis", WORKER)
    assert "not found" in plain.run("crictl pull nginx:no-such-image", WORKER)


def test_a_stopped_container_comes_back() -> None:
    up = SetUp()
    up.api.create("Pod", pod(nodeName=WORKER))
    up.cluster.advance(20)
    (identifier,) = (row[0] for row in _rows(up.run("crictl ps --name c", WORKER)) if "web" in row)
    up.run(f"crictl stop {identifier}", WORKER)
    up.cluster.advance(20)
    states = [(row[5], row[7]) for row in _rows(up.run("crictl ps -a --name c --state running", WORKER)) if "web" in row]
    assert len(states) == 1
    assert up.find("Pod", "web")["status"]["containerStatuses"][0]["restartCount"] == 1


def test_docker_names_containers_as_cri_dockerd_does() -> None:
    up = SetUp(runtime="docker")
    up.cluster.advance(100)
    said = up.run("docker ps")
    assert said.startswith("CONTAINER ID   IMAGE") and "k8s_etcd_etcd-control-plane_kube-system_" in said and "k8s_POD_etcd" in said
    assert '"msg":"ready to serve client requests"' in up.run("docker logs etcd")
    assert "command not found" in up.run("ctr containers ls")
    assert "docker.service" in up.run("systemctl list-units")
    assert json.loads(up.run("docker inspect etcd"))[0]["State"]["Running"] is True


def test_tools_of_other_runtimes_are_not_there(plain: SetUp) -> None:
    assert "command not found" in plain.run("docker ps")
    assert "io.containerd.runc.v2" in plain.run("ctr -n k8s.io containers ls")
    assert "etcd" not in plain.run("ctr containers ls")


# ---------------------------------------------------------------------------------------------------- processes


def test_processes_have_the_numbers_that_the_journal_names(plain: SetUp) -> None:
    pid = plain.run("pgrep kubelet").strip()
    assert f"Main PID: {pid} (kubelet)" in plain.run("systemctl status kubelet")
    assert f"kubelet[{pid}]" in plain.run("journalctl -u kubelet -n 1")
    assert f"pid={pid}," in plain.run("ss -lntp")


def test_ps_has_its_three_forms(plain: SetUp) -> None:
    assert plain.run("ps aux").startswith("USER         PID %CPU %MEM")
    assert plain.run("ps -ef").startswith("UID          PID    PPID")
    assert plain.run("ps").startswith("    PID TTY")
    assert "--advertise-client-urls" in next(line for line in plain.run("ps aux").splitlines() if " etcd --" in line)
    assert "$(NODE_NAME)" not in plain.run("ps aux")


def test_what_is_used_adds_up(plain: SetUp) -> None:
    total, used, free, _, cache, available = map(int, plain.run("free").splitlines()[1].split()[1:])
    assert total == 8 * 1024 * 1024 and used + free + cache <= total and available >= free
    assert "8.0Gi" in plain.run("free -h") and "/dev/vda1" in plain.run("df -h")
    assert "load average" in plain.run("uptime") and plain.run("top -bn1").startswith("top - ")
    assert plain.run("nproc") == "4\n"


# ---------------------------------------------------------------------------------------------------- inside the parts' containers


def test_etcdctl_is_in_etcds_container_and_wants_its_papers() -> None:
    up = SetUp()
    assert "context deadline exceeded" in up.run("crictl exec etcd etcdctl member list")
    assert "control-plane" in up.run(f"crictl exec etcd etcdctl {PAPERS} member list")
    assert "no such file" in up.run("crictl exec etcd etcdctl --cacert=/etc/kubernetes/pki/ca.crt member list")
    up.run(f"crictl exec etcd etcdctl {PAPERS} snapshot save /var/lib/etcd/snap.db")
    assert up.files()["/var/lib/etcd/snap.db"]


def test_parts_tell_their_flags(plain: SetUp) -> None:
    said = plain.run("crictl exec kube-apiserver kube-apiserver -h")
    assert "--enable-admission-plugins strings" in said and "NamespaceLifecycle, LimitRanger" in said
    assert plain.run("crictl exec kube-apiserver kube-apiserver --version") == "Kubernetes v1.36.2\n"
