"""kubeadm: a machine becomes a node and stops being one; a control plane is taken apart, set up again and mended."""

from __future__ import annotations

import pytest

from cluster_core.simulation.cluster import Cluster
from tests.machines.setups import MASTER, WORKER, SetUp

FRESH = "node-9"


@pytest.fixture
def up() -> SetUp:
    return SetUp("kubeadm")


def join_line(up: SetUp, *more: str) -> str:
    return up.run(" ".join(("kubeadm token create --print-join-command", *more))).strip()


def with_fresh(up: SetUp) -> SetUp:
    up.cluster.command("add-node", {"name": FRESH, "joined": False})
    return up


def test_a_fresh_machine_is_no_node_until_it_joins(up: SetUp) -> None:
    with_fresh(up)
    up.cluster.advance(60)
    assert up.api.get("Node", "", FRESH) is None
    assert "/etc/kubernetes/kubelet.conf" not in up.files(FRESH)
    assert "This node has joined the cluster" in up.run(join_line(up), FRESH)
    up.cluster.advance(20)
    assert up.ready(FRESH) == "True"
    assert "already exists" in up.run(join_line(up), FRESH)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("--token ", "--token aaaaaa.", "bootstrap token is invalid"),
        ("sha256:", "sha256:0", "none of the public keys"),
        (":6443", ":6444", "connection refused"),
        (" --discovery-token-ca-cert-hash", " --nothing", "can be unsafe"),
    ],
)
def test_who_comes_with_the_wrong_words_does_not_join(up: SetUp, before: str, after: str, said: str) -> None:
    with_fresh(up)
    assert said in up.run(join_line(up).replace(before, after, 1), FRESH)
    up.cluster.advance(30)
    assert up.api.get("Node", "", FRESH) is None


def test_tokens_expire_and_can_be_deleted(up: SetUp) -> None:
    with_fresh(up)
    line = join_line(up, "--ttl=1m")
    token = line.split()[4]
    assert token in up.run("kubeadm token list")
    up.cluster.advance(120)
    assert "could not find a JWS signature" in up.run(line, FRESH)
    other = join_line(up).split()[4]
    assert "deleted" in up.run(f"kubeadm token delete {other}")
    assert other not in up.run("kubeadm token list")


def test_a_node_that_is_reset_is_a_fresh_machine_and_falls_silent(up: SetUp) -> None:
    assert "aborted" in up.run("kubeadm reset", WORKER)
    up.run("kubeadm reset -f", WORKER)
    up.cluster.advance(60)
    assert up.ready() == "Unknown"
    assert not [path for path in up.files(WORKER) if path.startswith("/etc/kubernetes/")]
    up.run(join_line(up), WORKER)
    up.cluster.advance(20)
    assert up.ready() == "True"


def test_a_joined_machine_takes_the_clusters_kubelet_configuration(up: SetUp) -> None:
    found = up.find("ConfigMap", "kubelet-config", "kube-system")
    up.api.update("ConfigMap", {**found, "data": {"kubelet": found["data"]["kubelet"] + "maxPods: 33\n"}})
    with_fresh(up).run(join_line(up), FRESH)
    up.cluster.advance(20)
    assert up.find("Node", FRESH, "")["status"]["capacity"]["pods"] == "33"
    up.run("kubeadm upgrade node", WORKER)
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)
    assert up.find("Node", WORKER, "")["status"]["capacity"]["pods"] == "33"


def test_a_control_plane_that_is_reset_is_gone_and_a_new_one_is_empty(up: SetUp) -> None:
    up.api.create("Namespace", {"metadata": {"name": "mine"}})
    up.run("kubeadm reset -f")
    assert up.get("/api/v1/namespaces").status >= 500
    assert "has initialized successfully" in up.run("kubeadm init")
    up.cluster.advance(60)
    names = [each["metadata"]["name"] for each in up.api.list("Namespace")]
    assert "kube-system" in names and "mine" not in names
    assert up.ready(MASTER) == "True" and up.find("DaemonSet", "kube-proxy", "kube-system")
    assert "already exists" in up.run("kubeadm init")


def test_lost_files_are_written_again_by_phases(up: SetUp) -> None:
    up.write(MASTER, {"/etc/kubernetes/scheduler.conf": None, "/etc/kubernetes/pki/apiserver.key": None})
    up.edit("kube-scheduler", "--leader-elect=true", "--leader-elect=false")
    assert not up.is_running("kube-scheduler")
    up.run("kubeadm init phase kubeconfig scheduler")
    assert up.is_running("kube-scheduler")
    up.run("kubeadm init phase certs all")
    assert "/etc/kubernetes/pki/apiserver.key" in up.files()
    up.run("kubeadm init phase control-plane scheduler")
    assert "--leader-elect=true" in up.run("ps aux")


def test_certificates_are_told_and_renewed(up: SetUp) -> None:
    up.cluster.advance(40 * 86400)
    told = up.run("kubeadm certs check-expiration")
    assert "365d" not in told and ("324d" in told or "325d" in told)
    up.run("kubeadm certs renew all")
    assert "365d" in up.run("kubeadm certs check-expiration")
    assert up.pod()["status"]["phase"] == "Running"


def test_a_cluster_put_away_remembers_who_has_joined(up: SetUp) -> None:
    with_fresh(up)
    loaded = Cluster.load(up.cluster.save())
    assert "/etc/kubernetes/kubelet.conf" not in loaded.command("machine-files", {"node": FRESH})["files"]


def test_a_cluster_set_up_by_hand_knows_no_kubeadm() -> None:
    assert "set up by hand" in SetUp("manual").run("kubeadm certs check-expiration")


# ---------------------------------------------------------------------------------------------------- upgrades


def test_a_cluster_is_upgraded_as_the_manual_says() -> None:
    up = SetUp()
    assert "higher than the kubeadm version" in up.run("kubeadm upgrade apply v1.36.4")
    up.run("apt-mark hold kubeadm")
    assert "Held packages were changed" in up.run("apt-get install -y kubeadm=1.36.4-1.1")
    up.run("apt-mark unhold kubeadm")
    up.run("apt-get install -y kubeadm=1.36.4-1.1")
    assert "kubeadm upgrade apply v1.36.4" in up.run("kubeadm upgrade plan")
    assert 'was upgraded to "v1.36.4"' in up.run("kubeadm upgrade apply v1.36.4 -y")
    up.cluster.advance(120)
    for part in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        status = up.find("Pod", f"{part}-control-plane", "kube-system")["status"]
        assert status["containerStatuses"][0]["image"].endswith(":v1.36.4") and status["phase"] == "Running"
    assert b'"gitVersion":"v1.36.4"' in up.get("/version").body
    assert "kubernetesVersion: v1.36.4" in up.find("ConfigMap", "kubeadm-config", "kube-system")["data"]["ClusterConfiguration"]
    assert 'version="v1.36.4"' in up.run("crictl logs kube-scheduler")
    assert up.find("Node", "control-plane", "")["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.2"


def test_a_nodes_version_is_that_of_its_kubelets_package_when_it_was_started() -> None:
    up = SetUp()
    up.run("apt-get install -y kubelet=1.36.3-1.1", WORKER)
    up.cluster.advance(60)
    version = up.find("Node", WORKER, "")["status"]["nodeInfo"]["kubeletVersion"]
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)
    assert (version, up.find("Node", WORKER, "")["status"]["nodeInfo"]["kubeletVersion"]) == ("v1.36.2", "v1.36.3")
    assert 'kubeletVersion="v1.36.3"' in up.run("journalctl -u kubelet", WORKER)
    assert up.run("kubelet --version", WORKER) == "Kubernetes v1.36.3\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kubeadm upgrade apply", "missing one or more required arguments"),
        ("kubeadm upgrade apply v1.36.1", "lower than the cluster version"),
        ("kubeadm upgrade apply one", "as version"),
        ("apt-get install -y kubeadm=1.40.0-1.1", "was not found"),
        ("apt-get install -y nginx", "Unable to locate package nginx"),
        ("apt-get install -y kubeadm=1.36.0-1.1", "Packages were downgraded"),
        ("apt-get remove kubeadm", "Invalid operation"),
        ("apt-mark hold vim", "Unable to locate package vim"),
    ],
)
def test_wrong_wishes_are_refused(line: str, said: str) -> None:
    assert said in SetUp().run(line)


def test_packages_are_listed() -> None:
    up = SetUp()
    up.run("apt-mark hold kubelet")
    assert up.run("apt-mark showhold") == "kubelet\n"
    assert "1.36.4-1.1" in up.run("apt-cache madison kubelet") and "Installed: 1.36.2-1.1" in up.run("apt-cache policy kubelet")
    assert "hi  kubelet" in up.run("dpkg -l") and "ii  kubeadm" in up.run("dpkg -l")
    assert "installed,held" in up.run("apt list --installed kube*")
