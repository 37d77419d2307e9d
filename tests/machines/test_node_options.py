"""What the kubelet and kube-proxy of a node read when they start, and what comes of it, in both set-ups."""

from __future__ import annotations

import pytest

from cluster_core.simulation.nodes import park_of
from tests.builders import workload
from tests.machines.setups import CONFIG, FLAVOURS, MASTER, WORKER, SetUp


@pytest.fixture(params=FLAVOURS)
def up(request: pytest.FixtureRequest) -> SetUp:
    return SetUp(request.param)


def restarted(up: SetUp, **settings: str) -> None:
    """Settings are written into the worker's KubeletConfiguration and its kubelet is started again."""
    text = up.files(WORKER)[CONFIG]
    for name, value in settings.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{name}:")]
        text = "\n".join([*_without_children(lines, text, name), f"{name}: {value}", ""])
    up.write(WORKER, {CONFIG: text})
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)


def _without_children(lines: list[str], text: str, name: str) -> list[str]:
    """Lines of a list that stood under the setting."""
    whole = text.splitlines()
    heads = [index for index, line in enumerate(whole) if line.startswith(f"{name}:")]
    doomed: set[int] = set()
    for index in heads:
        doomed.add(index)
        for below in range(index + 1, len(whole)):
            if not whole[below].startswith(("-", " ")):
                break
            doomed.add(below)
    return [line for index, line in enumerate(whole) if index not in doomed] if heads else lines


def flags(up: SetUp, text: str) -> None:
    """Flags are added to the worker's kubelet, where its set-up keeps them."""
    if up.flavour == "kubeadm":
        up.write(WORKER, {"/etc/default/kubelet": f"KUBELET_EXTRA_ARGS={text}\n"})
    else:
        up.replace(WORKER, "/usr/lib/systemd/system/kubelet.service", "/usr/bin/kubelet \\\n", f"/usr/bin/kubelet \\\n  {text} \\\n")
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)


def journal(up: SetUp) -> str:
    return up.run("journalctl -u kubelet", WORKER)


# ---------------------------------------------------------------------------------------------------- KubeletConfiguration


def test_a_node_takes_as_many_pods_as_its_kubelet_says(up: SetUp) -> None:
    restarted(up, maxPods="12")
    assert up.find("Node", WORKER, "")["status"]["allocatable"]["pods"] == "12"
    flags(up, "--max-pods=7")
    assert up.find("Node", WORKER, "")["status"]["capacity"]["pods"] == "7"


def test_what_is_reserved_and_kept_free_is_not_for_pods(up: SetUp) -> None:
    before = up.find("Node", WORKER, "")["status"]["allocatable"]
    restarted(up, systemReserved="{cpu: 500m, memory: 1Gi}", evictionHard="{memory.available: 2Gi}")
    after = up.find("Node", WORKER, "")["status"]["allocatable"]
    assert (before["cpu"], after["cpu"]) == ("4", "3500m")
    assert int(before["memory"][:-2]) - int(after["memory"][:-2]) == (3 * 1024 - 100) * 1024


def test_soft_eviction_thresholds_come_from_the_configuration_and_from_flags(up: SetUp) -> None:
    restarted(up, evictionSoft="{memory.available: 1Gi}", evictionSoftGracePeriod="{memory.available: 1m30s}", evictionMaxPodGracePeriod="15")
    machine = park_of(up.cluster).machines[WORKER]
    assert machine.settings["evictionSoft"] == {"memory.available": ["1Gi", "1m30s"]} and machine.settings["maxPodGrace"] == 15
    flags(up, "'--eviction-soft=memory.available<2Gi --eviction-soft-grace-period=memory.available=40s'" if up.flavour != "manual" else "--eviction-soft='memory.available<2Gi' --eviction-soft-grace-period=memory.available=40s")
    assert machine.settings["evictionSoft"] == {"memory.available": ["2Gi", "40s"]}


def test_pods_get_the_name_servers_their_kubelet_knew_when_they_started(up: SetUp) -> None:
    up.pod("before", nodeName=WORKER)
    restarted(up, clusterDNS='["10.96.0.99"]', clusterDomain="example.org")
    up.pod("after", nodeName=WORKER)
    answers = [up.engine.cluster.command("machine-run", {"node": WORKER, "argv": ["crictl", "exec", "c", "true"]})]
    assert answers[0]["code"] == 0
    conf = {name: resolv_conf(up, name) for name in ("before", "after")}
    assert "nameserver 10.96.0.10" in conf["before"] and "svc.cluster.local" in conf["before"]
    assert "nameserver 10.96.0.99" in conf["after"] and "svc.example.org" in conf["after"]


def resolv_conf(up: SetUp, pod: str) -> str:
    from cluster_core.simulation.nodes import fleet_of

    return fleet_of(up.cluster).inside.execute(up.find("Pod", pod), "", ["cat", "/etc/resolv.conf"]).stdout


def test_static_pods_come_from_the_directory_in_the_configuration(up: SetUp) -> None:
    manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: nginx}]}\n"
    up.write(WORKER, {"/opt/pods/web.yaml": manifest})
    up.cluster.advance(20)
    assert up.api.get("Pod", "default", f"web-{WORKER}") is None
    restarted(up, staticPodPath="/opt/pods")
    assert up.find("Pod", f"web-{WORKER}")["status"]["phase"] == "Running"


def test_a_control_plane_that_looks_elsewhere_for_manifests_is_gone() -> None:
    up = SetUp("kubeadm")
    up.replace(MASTER, CONFIG, "staticPodPath: /etc/kubernetes/manifests", "staticPodPath: /etc/kubernetes/manifest")
    up.run("systemctl restart kubelet")
    assert not up.is_running("kube-apiserver") and up.get("/api/v1/nodes").status >= 500
    up.replace(MASTER, CONFIG, "staticPodPath: /etc/kubernetes/manifest", "staticPodPath: /etc/kubernetes/manifests")
    up.run("systemctl restart kubelet")
    assert up.get("/api/v1/nodes").status == 200


def test_manifests_wait_for_a_kubelet() -> None:
    up = SetUp("kubeadm")
    path = up.path_of("kube-scheduler")
    up.run("systemctl stop kubelet")
    text = up.files()[path]
    up.write(MASTER, {path: None})
    assert up.is_running("kube-scheduler")
    up.run("systemctl start kubelet")
    assert not up.is_running("kube-scheduler")
    up.write(MASTER, {path: text})
    assert up.is_running("kube-scheduler")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("maxPods", "many", "cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32"),
        ("clusterDNS", '["10.96.0"]', "invalid IP"),
        ("evictionHard", "{memory.free: 1Gi}", "unsupported eviction signal memory.free"),
        ("evictionSoft", "{memory.available: 1Gi}", "grace period must be specified for the soft eviction threshold memory.available"),
        ("evictionMaxPodGracePeriod", "1m", "cannot unmarshal string into Go struct field KubeletConfiguration.evictionMaxPodGracePeriod of type int32"),
        ("kind", "KubeletConfig", "no kind"),
        ("containerRuntimeEndpoint", "unix:///run/containerd/container.sock", "dial unix /run/containerd/container.sock: connect: no such file or directory"),
        ("authentication", "{x509: {clientCAFile: /etc/kubernetes/pki/CA.crt}}", "open /etc/kubernetes/pki/CA.crt: no such file or directory"),
    ],
)
def test_a_wrong_configuration_keeps_the_kubelet_from_starting(up: SetUp, name: str, value: str, said: str) -> None:
    usual = up.files(WORKER)[CONFIG]
    restarted(up, **{name: value})
    assert up.run("systemctl is-active kubelet", WORKER) == "activating\n"
    assert said in journal(up)
    up.cluster.advance(50)
    assert up.ready() == "Unknown"
    up.write(WORKER, {CONFIG: usual})
    up.cluster.advance(20)
    assert up.ready() == "True", "systemd starts it again and again"


# ---------------------------------------------------------------------------------------------------- flags


def test_labels_and_taints_are_given_when_a_node_registers(up: SetUp) -> None:
    flags(up, "--node-labels=disk=ssd --register-with-taints=gpu=yes:NoSchedule" if up.flavour == "manual" else "'--node-labels=disk=ssd --register-with-taints=gpu=yes:NoSchedule'")
    assert "disk" not in up.find("Node", WORKER, "")["metadata"]["labels"], "it has registered already"
    up.api.delete("Node", "", WORKER)
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)
    node = up.find("Node", WORKER, "")
    assert node["metadata"]["labels"]["disk"] == "ssd"
    assert {"key": "gpu", "value": "yes", "effect": "NoSchedule"} in node["spec"]["taints"]


def test_a_node_may_not_change_its_name(up: SetUp) -> None:
    flags(up, "--hostname-override=other")
    up.cluster.advance(60)
    assert 'node \\"node-1\\" is not allowed to modify node \\"other\\"' in journal(up)
    assert up.ready() == "Unknown"


def test_a_flag_that_a_kubelet_has_not_is_refused(up: SetUp) -> None:
    flags(up, "--container-runtime=remote")
    assert "unknown flag: --container-runtime" in journal(up)


def test_a_kubeconfig_that_leads_to_the_wrong_port_leaves_the_node_not_ready(up: SetUp) -> None:
    up.replace(WORKER, "/etc/kubernetes/kubelet.conf", ":6443", ":6553")
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(60)
    assert up.run("systemctl is-active kubelet", WORKER) == "active\n"
    assert "dial tcp 172.18.0.2:6553: connect: connection refused" in journal(up)
    assert up.ready() == "Unknown"
    up.replace(WORKER, "/etc/kubernetes/kubelet.conf", ":6553", ":6443")
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(20)
    assert up.ready() == "True"


def test_an_api_server_on_another_port_is_lost_to_kubelets_that_do_not_know(up: SetUp) -> None:
    up.option("kube-apiserver", "--secure-port=6444")
    up.cluster.advance(60)
    assert up.ready() == "Unknown"
    up.option("kube-apiserver", "--secure-port=6443")
    up.cluster.advance(20)
    assert up.ready() == "True"


def test_a_machine_that_boots_reads_everything_anew(up: SetUp) -> None:
    up.write(WORKER, {CONFIG: up.files(WORKER)[CONFIG] + "maxPods: 9\n"})
    up.cluster.command("poweroff", {"name": WORKER})
    up.cluster.command("revive-node", {"name": WORKER})
    up.cluster.advance(40)
    assert up.find("Node", WORKER, "")["status"]["capacity"]["pods"] == "9"


# ---------------------------------------------------------------------------------------------------- kube-proxy


def proxied(up: SetUp, before: str, after: str) -> None:
    """kube-proxy's configuration is changed, and it is started again on the worker."""
    if up.flavour == "manual":
        up.replace(WORKER, "/var/lib/kube-proxy/kube-proxy-config.yaml", before, after)
        up.run("systemctl restart kube-proxy", WORKER)
        return
    found = up.find("ConfigMap", "kube-proxy", "kube-system")
    text = found["data"]["config.conf"]
    assert before in text
    up.api.update("ConfigMap", {**found, "data": {**found["data"], "config.conf": text.replace(before, after)}})
    for each in up.api.on_node("Pod", WORKER):
        if each["metadata"]["name"].startswith("kube-proxy"):
            up.api.delete("Pod", "kube-system", each["metadata"]["name"], grace=0)
    up.cluster.advance(20)


@pytest.mark.parametrize(("mode", "tool"), [("iptables", "iptables-save"), ("ipvs", "ipvsadm -Ln"), ("nftables", "nft list ruleset")])
def test_the_proxy_mode_decides_where_the_rules_are(up: SetUp, mode: str, tool: str) -> None:
    proxied(up, 'mode: ""', f'mode: "{mode}"')
    tools = {each: "10.96.0.1" in up.run(each, WORKER) for each in ("iptables-save", "ipvsadm -Ln", "nft list ruleset")}
    assert [each for each, shows in tools.items() if shows] == [tool]


def test_a_proxys_edited_configuration_waits_for_its_restart() -> None:
    up = SetUp("kubeadm")
    found = up.find("ConfigMap", "kube-proxy", "kube-system")
    text = found["data"]["config.conf"].replace('mode: ""', "mode: nftables")
    up.api.update("ConfigMap", {**found, "data": {**found["data"], "config.conf": text}})
    up.cluster.advance(300)
    assert "10.96.0.1" in up.run("iptables-save", WORKER) and not up.run("nft list ruleset", WORKER)
    for each in up.api.on_node("Pod", WORKER):
        if each["metadata"]["name"].startswith("kube-proxy"):
            up.api.delete("Pod", "kube-system", each["metadata"]["name"])
    up.cluster.advance(60)
    assert "10.96.0.1" not in up.run("iptables-save", WORKER) and "10.96.0.1" in up.run("nft list ruleset", WORKER)


@pytest.mark.parametrize(("mode", "code"), [("iptables", 28), ("nftables", 7), ("ipvs", 7)])
def test_a_port_that_a_service_does_not_have_is_rejected_in_all_modes_but_iptables(up: SetUp, mode: str, code: int) -> None:
    proxied(up, 'mode: ""', f'mode: "{mode}"')
    assert f"curl: ({code})" in up.run("curl -sS -m 2 http://10.96.0.10:81", WORKER)
    assert "curl: (28)" in up.run("curl -sS -m 2 http://10.96.77.77", WORKER)


def test_an_unknown_mode_takes_the_proxy_down(up: SetUp) -> None:
    proxied(up, 'mode: ""', 'mode: "iptabels"')
    said = "must be iptables, ipvs, nftables or blank"
    if up.flavour == "manual":
        assert said in up.run("journalctl -u kube-proxy", WORKER)
    else:
        assert said in up.run("crictl logs kube-proxy", WORKER)
    before = up.run("iptables-save", WORKER).count("KUBE-SVC")
    up.api.create("Deployment", workload("Deployment"))
    up.api.create("Service", {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    up.cluster.advance(30)
    assert up.run("iptables-save", WORKER).count("KUBE-SVC") == before, "the old rules stay"


def test_proxy_mode_as_a_flag_of_the_unit() -> None:
    up = SetUp("manual")
    up.replace(WORKER, "/etc/systemd/system/kube-proxy.service", "--config=/var/lib/kube-proxy/kube-proxy-config.yaml", "--proxy-mode=ipvs --kubeconfig=/var/lib/kube-proxy/kubeconfig")
    up.run("systemctl restart kube-proxy", WORKER)
    assert "10.96.0.1:443" in up.run("ipvsadm -Ln", WORKER)
    assert "--proxy-mode=ipvs" in up.run("ps aux", WORKER)
