"""Every option that a course has people change does what it says, in both set-ups, and only when its part is restarted."""

from __future__ import annotations

import pytest

from cluster_core.apiserver.request import User
from tests.builders import workload
from tests.machines.setups import FLAVOURS, MASTER, WORKER, SetUp

PKI = "/etc/kubernetes/pki"
MALLORY = User("mallory", ("system:authenticated",))
LOG = "/api/v1/namespaces/default/pods/web/log"


@pytest.fixture(params=FLAVOURS)
def up(request: pytest.FixtureRequest) -> SetUp:
    return SetUp(request.param)


# ---------------------------------------------------------------------------------------------------- typos


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
def test_an_unknown_flag_takes_a_part_down_and_its_log_says_so(up: SetUp, component: str) -> None:
    usual = up.files()[up.path_of(component)]
    up.option(component, "--no-such-flag=1")
    assert not up.is_running(component)
    assert "no-such-flag" in up.log(component)
    up.write(MASTER, {up.path_of(component): usual})
    if up.flavour == "manual":
        up.run(f"systemctl restart {component}")
    assert up.is_running(component)


def test_flags_are_each_programs_own(up: SetUp) -> None:
    up.option("kube-apiserver", "--leader-elect=true")
    assert "unknown flag: --leader-elect" in up.log("kube-apiserver")


def test_ps_shows_what_a_part_was_started_with_and_not_what_its_unit_says_by_now() -> None:
    up = SetUp("manual")
    up.replace(MASTER, up.path_of("kube-scheduler"), "--leader-elect=true", "--leader-elect=false")
    assert "--leader-elect=true" in up.run("ps aux")
    up.run("systemctl restart kube-scheduler")
    assert "--leader-elect=false" in up.run("ps aux")


# ---------------------------------------------------------------------------------------------------- without a part


def test_without_a_scheduler_pods_stay_pending(up: SetUp) -> None:
    up.option("kube-scheduler", "--leader-elect=maybe")
    assert up.pod()["status"]["phase"] == "Pending"
    assert "strconv.ParseBool" in up.log("kube-scheduler")


def test_without_a_controller_manager_nothing_heals(up: SetUp) -> None:
    up.option("kube-controller-manager", "--node-monitor-period=soon")
    up.api.create("Deployment", workload("Deployment"))
    up.cluster.advance(60)
    assert up.api.list("Pod", "default") == []
    assert 'invalid duration "soon"' in up.log("kube-controller-manager")


def test_without_an_api_server_clients_are_refused(up: SetUp) -> None:
    up.option("kube-apiserver", "--secure-port=many")
    assert up.get("/api/v1/pods").status >= 500
    answer = up.cluster.command("machine-kubeconfig", {"node": MASTER})
    assert answer["problem"] == "The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?"


def test_without_etcd_requests_time_out(up: SetUp) -> None:
    up.option("etcd", "--listen-client-urls=ftp://127.0.0.1:2379")
    assert b"request timed out" in up.get("/api/v1/pods").body
    assert "URL scheme must be http" in up.log("etcd")


def test_without_a_kubelet_a_node_is_not_ready_after_forty_seconds(up: SetUp) -> None:
    up.run("systemctl stop kubelet", WORKER)
    up.cluster.advance(38)
    assert up.ready() == "True"
    up.cluster.advance(22)
    assert up.ready() == "Unknown"


# ---------------------------------------------------------------------------------------------------- kube-apiserver to etcd


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--etcd-servers=https://127.0.0.1:2399", "connection refused"),
        ("--etcd-servers=http://127.0.0.1:2379", "error reading server preface"),
        ("--etcd-servers=https://10.9.9.9:2379", "no route to host"),
        (f"--etcd-cafile={PKI}/ca.crt", "certificate signed by unknown authority"),
        (f"--etcd-cafile={PKI}/etcd/nowhere.crt", f"open {PKI}/etcd/nowhere.crt: no such file or directory"),
        (f"--etcd-certfile={PKI}/apiserver.crt", "private key does not match public key"),
        (f"--etcd-keyfile={PKI}/apiserver.key", "private key does not match public key"),
    ],
)
def test_the_way_to_etcd_must_be_right(up: SetUp, option: str, said: str) -> None:
    up.option("kube-apiserver", option)
    assert not up.is_running("kube-apiserver")
    assert said in up.log("kube-apiserver")


def test_a_client_of_another_authority_is_not_let_into_etcd(up: SetUp) -> None:
    up.option("kube-apiserver", f"--etcd-certfile={PKI}/apiserver-kubelet-client.crt")
    up.option("kube-apiserver", f"--etcd-keyfile={PKI}/apiserver-kubelet-client.key")
    assert "remote error: tls: bad certificate" in up.log("kube-apiserver")


def test_etcd_listens_where_it_is_told_and_the_api_server_must_follow(up: SetUp) -> None:
    up.option("etcd", "--listen-client-urls=https://127.0.0.1:2389")
    assert up.get("/api/v1/pods").status >= 500
    up.option("kube-apiserver", "--etcd-servers=https://127.0.0.1:2389")
    assert up.get("/api/v1/pods").status == 200


def test_etcd_advertises_what_it_is_told(up: SetUp) -> None:
    up.option("etcd", "--advertise-client-urls=https://172.18.0.2:9999")
    assert "https://172.18.0.2:9999" in up.run("etcdctl member list")


def test_another_data_directory_is_another_cluster(up: SetUp) -> None:
    up.api.create("Namespace", {"metadata": {"name": "mine"}})
    path = up.path_of("etcd")
    if up.flavour == "kubeadm":
        up.replace(MASTER, path, "path: /var/lib/etcd\n", "path: /var/lib/other\n")
    else:
        up.option("etcd", "--data-dir=/var/lib/other")
    assert up.api.get("Namespace", "", "mine") is None
    assert up.api.get("Namespace", "", "default") is not None
    if up.flavour == "kubeadm":
        up.replace(MASTER, path, "path: /var/lib/other\n", "path: /var/lib/etcd\n")
    else:
        up.option("etcd", "--data-dir=/var/lib/etcd")
    assert up.api.get("Namespace", "", "mine") is not None


# ---------------------------------------------------------------------------------------------------- kube-apiserver to kubelets


def test_a_kubelet_certificate_of_an_unknown_authority_is_refused(up: SetUp) -> None:
    up.pod()
    up.option("kube-apiserver", f"--kubelet-certificate-authority={PKI}/front-proxy-ca.crt")
    answer = up.get(LOG)
    assert answer.status == 500 and b"certificate signed by unknown authority" in answer.body


def test_a_kubelet_does_not_know_the_client_of_another_authority(up: SetUp) -> None:
    up.pod()
    assert up.get(LOG).status == 200
    up.option("kube-apiserver", f"--kubelet-client-certificate={PKI}/front-proxy-client.crt")
    assert "private key does not match" in up.log("kube-apiserver")
    up.option("kube-apiserver", f"--kubelet-client-key={PKI}/front-proxy-client.key")
    assert up.get(LOG).status == 401


def test_a_kubelet_asks_whether_its_client_may(up: SetUp) -> None:
    up.pod()
    up.option("kube-apiserver", f"--kubelet-client-certificate={PKI}/apiserver.crt")
    up.option("kube-apiserver", f"--kubelet-client-key={PKI}/apiserver.key")
    answer = up.get(LOG)
    assert answer.status == 500 and b"Forbidden (user=kube-apiserver" in answer.body


# ---------------------------------------------------------------------------------------------------- kube-apiserver


def test_authorization_modes_count(up: SetUp) -> None:
    assert up.get("/api/v1/secrets", MALLORY).status == 403
    up.option("kube-apiserver", "--authorization-mode=AlwaysAllow")
    assert up.get("/api/v1/secrets", MALLORY).status == 200
    up.option("kube-apiserver", "--authorization-mode=RBCA")
    assert 'authorization-mode \\"RBCA\\" is not a valid mode' in up.log("kube-apiserver")


def test_admission_plugins_are_switched_on_and_off(up: SetUp) -> None:
    up.option("kube-apiserver", "--enable-admission-plugins=NodeRestriction,AlwaysPullImages")
    assert up.pod("pulled", image="nginx:1.27")["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    up.option("kube-apiserver", "--disable-admission-plugins=DefaultTolerationSeconds")
    assert not up.pod("bare")["spec"].get("tolerations")
    up.option("kube-apiserver", "--enable-admission-plugins=NodeRestrictions")
    assert 'enable-admission-plugins plugin \\"NodeRestrictions\\" is unknown' in up.log("kube-apiserver")


def test_services_get_addresses_from_the_range(up: SetUp) -> None:
    up.option("kube-apiserver", "--service-cluster-ip-range=10.50.0.0/24")
    made = up.api.create("Service", {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}})
    assert made["spec"]["clusterIP"].startswith("10.50.0.")
    up.option("kube-apiserver", "--service-cluster-ip-range=10.50.0.0/240")
    assert "is not a valid cidr" in up.log("kube-apiserver")


# ---------------------------------------------------------------------------------------------------- kube-controller-manager


def test_silence_is_noticed_after_the_grace_period(up: SetUp) -> None:
    up.option("kube-controller-manager", "--node-monitor-grace-period=16s")
    up.option("kube-controller-manager", "--node-monitor-period=2s")
    up.run("systemctl stop kubelet", WORKER)
    up.cluster.advance(22)
    assert up.ready() == "Unknown"


def test_pods_of_a_lost_node_go_after_the_eviction_timeout(up: SetUp) -> None:
    up.option("kube-controller-manager", "--pod-eviction-timeout=20s")
    up.api.create("Deployment", workload("Deployment", replicas=4))
    up.cluster.advance(30)
    up.run("systemctl stop kubelet", WORKER)
    up.cluster.advance(90)
    on_node = [each for each in up.api.on_node("Pod", WORKER) if each["metadata"]["namespace"] == "default"]
    assert on_node and all("deletionTimestamp" in each["metadata"] for each in on_node)


def test_controllers_are_chosen_by_name(up: SetUp) -> None:
    up.option("kube-controller-manager", "--controllers=*,-deployment-controller")
    up.api.create("Deployment", workload("Deployment"))
    up.cluster.advance(30)
    assert up.api.list("ReplicaSet", "default") == []
    up.option("kube-controller-manager", "--controllers=*,-deploiment")
    assert '\\"deploiment\\" is not in the list of known controllers' in up.log("kube-controller-manager")


@pytest.mark.parametrize("name", ["storage-version-migrator-controller", "svm", "device-taint-eviction-controller", "podgroup-protection-controller"])
def test_controllers_that_have_nothing_to_do_here_are_known_all_the_same(name: str) -> None:
    up = SetUp("kubeadm")
    up.option("kube-controller-manager", f"--controllers=*,-{name}")
    assert up.is_running("kube-controller-manager")
    up.option("kube-controller-manager", "--controllers=*,-taint-eviction")
    assert '\\"taint-eviction\\" is not in the list of known controllers' in up.log("kube-controller-manager"), "no name of old stands for it"


# ---------------------------------------------------------------------------------------------------- kube-scheduler

PACKING = """apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf}
profiles:
- schedulerName: default-scheduler
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit, weight: 100}]
- schedulerName: blind
  plugins: {filter: {disabled: [{name: NodeResourcesFit}]}}
"""
SCHEDULING = "/etc/kubernetes/scheduling.yaml"


def configured(up: SetUp, text: str) -> None:
    up.write(MASTER, {SCHEDULING: text})
    up.share("kube-scheduler", SCHEDULING)
    up.option("kube-scheduler", f"--config={SCHEDULING}")


def test_the_schedulers_configuration_decides_where_pods_go(up: SetUp) -> None:
    configured(up, PACKING)
    up.api.create("Deployment", workload("Deployment", replicas=6))
    up.cluster.advance(30)
    nodes = {each["spec"].get("nodeName") for each in up.api.list("Pod", "default")}
    assert len(nodes) == 1


def test_another_profile_goes_by_its_own_plugins(up: SetUp) -> None:
    configured(up, PACKING)
    huge = {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "100"}}}]}
    for name in ("default-scheduler", "blind"):
        metadata = {"name": name, "namespace": "default"}
        up.api.create("Pod", {"metadata": metadata, "spec": {**huge, "schedulerName": name}})
    up.cluster.advance(10)
    assert "nodeName" not in up.find("Pod", "default-scheduler")["spec"]
    assert "nodeName" in up.find("Pod", "blind")["spec"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PACKING.replace("{name: NodeResourcesFit, weight", "{name: NodeResourceFit, weight"), 'plugin \\"NodeResourceFit\\" does not exist'),
        (PACKING.replace("profiles:", "profile:"), 'unknown field \\"profile\\"'),
        (PACKING.replace("config.k8s.io/v1", "config.k8s.io/v1beta2"), "is registered for version"),
        ("a: [", "yaml: line"),
        (PACKING.replace("/scheduler.conf", "/nobody.conf"), "no such file or directory"),
    ],
)
def test_a_wrong_configuration_keeps_the_scheduler_from_starting(up: SetUp, text: str, said: str) -> None:
    configured(up, text)
    assert not up.is_running("kube-scheduler")
    assert said in up.log("kube-scheduler")


def test_a_file_that_is_not_mounted_is_not_there() -> None:
    up = SetUp("kubeadm")
    up.write(MASTER, {SCHEDULING: PACKING})
    up.option("kube-scheduler", f"--config={SCHEDULING}")
    assert f"open {SCHEDULING}: no such file or directory" in up.log("kube-scheduler")


def test_a_kubeconfig_that_leads_nowhere_leaves_the_scheduler_idle(up: SetUp) -> None:
    up.replace(MASTER, "/etc/kubernetes/scheduler.conf", ":6443", ":6553")
    up.edit("kube-scheduler", "--leader-elect=true", "--leader-elect=false")
    assert up.is_running("kube-scheduler")
    assert up.pod()["status"]["phase"] == "Pending"
    up.replace(MASTER, "/etc/kubernetes/scheduler.conf", ":6553", ":6443")
    up.cluster.advance(30)
    assert up.find("Pod", "web")["status"]["phase"] == "Running"


# ---------------------------------------------------------------------------------------------------- what survives


def test_a_cluster_put_away_and_taken_up_goes_on_with_its_options(up: SetUp) -> None:
    from cluster_core.simulation.cluster import Cluster

    configured(up, PACKING)
    up.option("kube-apiserver", "--service-cluster-ip-range=10.50.0.0/24")
    before = up.cluster.state_hash()
    loaded = Cluster.load(up.cluster.save())
    assert loaded.state_hash() == before
    assert loaded.save().state == up.cluster.save().state
    for cluster in (loaded, up.cluster):
        cluster.world.client("tester").create("Deployment", workload("Deployment", replicas=5))
        cluster.advance(60)
    assert loaded.state_hash() == up.cluster.state_hash()
