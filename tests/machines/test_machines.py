"""What is on the machines, and what changing it does."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, pod, workload

NODE = "control-plane"
MANIFESTS = "/etc/kubernetes/manifests"


@pytest.fixture
def engine() -> Engine:
    engine = Engine(nodes=2)
    engine.settle()
    return engine


def files(engine: Engine, node: str = NODE) -> dict[str, str]:
    return engine.cluster.command("machine-files", {"node": node})["files"]


def write(engine: Engine, path: str, text: str | None, node: str = NODE) -> None:
    engine.cluster.command("machine-write", {"node": node, "changes": {path: text}})


def run(engine: Engine, line: str, node: str = NODE, **more: Any) -> dict[str, Any]:
    return engine.cluster.command("machine-run", {"node": node, "argv": line.split(), **more})


def edit(engine: Engine, component: str, before: str, after: str) -> None:
    path = f"{MANIFESTS}/{component}.yaml"
    text = files(engine)[path]
    assert before in text
    write(engine, path, text.replace(before, after))


def phase_of(engine: Engine, name: str) -> str:
    engine.api.create("Pod", pod(name))
    engine.cluster.advance(20)
    return str((engine.api.get("Pod", "default", name) or {})["status"]["phase"])


def test_ps_shows_the_options_in_use(engine: Engine) -> None:
    assert "kube-apiserver --advertise-address" in run(engine, "ps aux")["out"]
    edit(engine, "kube-scheduler", "--leader-elect=true", "--leader-elect=false")
    assert "--leader-elect=false" in run(engine, "ps aux")["out"]
    assert "kube-apiserver" not in run(engine, "ps aux", engine.api.list("Node")[1]["metadata"]["name"])["out"]


def test_a_manifest_moved_away_and_back_stops_and_starts_the_scheduler(engine: Engine) -> None:
    path = f"{MANIFESTS}/kube-scheduler.yaml"
    text = files(engine)[path]
    write(engine, path, None)
    assert path not in files(engine)
    assert phase_of(engine, "waiting") == "Pending"
    write(engine, path, text)
    engine.cluster.advance(30)
    assert engine.api.get("Pod", "default", "waiting")["status"]["phase"] == "Running"  # type: ignore[index]


def test_a_typo_makes_the_part_crash_until_it_is_corrected(engine: Engine) -> None:
    edit(engine, "kube-scheduler", "--leader-elect=true", "--leader-elekt=true")
    engine.cluster.advance(120)
    status = engine.api.get("Pod", "kube-system", f"kube-scheduler-{NODE}")["status"]["containerStatuses"][0]  # type: ignore[index]
    assert status["restartCount"] > 1 and not status["ready"]
    log = engine.call("GET", f"/api/v1/namespaces/kube-system/pods/kube-scheduler-{NODE}/log").body
    assert b"unknown flag: --leader-elekt" in log
    assert phase_of(engine, "waiting") == "Pending"
    edit(engine, "kube-scheduler", "--leader-elekt=true", "--leader-elect=true")
    engine.cluster.advance(60)
    assert engine.api.get("Pod", "default", "waiting")["status"]["phase"] == "Running"  # type: ignore[index]


def test_without_a_controller_manager_nothing_heals(engine: Engine) -> None:
    edit(engine, "kube-controller-manager", "--kubeconfig=/etc/kubernetes/controller-manager.conf", "--kubeconfig=/etc/nowhere")
    engine.api.create("Deployment", workload("Deployment"))
    engine.cluster.advance(60)
    assert engine.api.list("Pod", "default") == []


def test_controllers_that_are_switched_off_do_nothing(engine: Engine) -> None:
    edit(engine, "kube-controller-manager", "--controllers=*,", "--controllers=*,-deployment-controller,")
    engine.api.create("Deployment", workload("Deployment"))
    engine.cluster.advance(30)
    assert engine.api.list("ReplicaSet", "default") == []


def test_an_api_server_that_finds_no_etcd_refuses(engine: Engine) -> None:
    edit(engine, "kube-apiserver", "--etcd-servers=https://127.0.0.1:2379", "--etcd-servers=https://127.0.0.1:2399")
    assert engine.call("GET", "/api/v1/pods").status >= 500
    edit(engine, "kube-apiserver", "--etcd-servers=https://127.0.0.1:2399", "--etcd-servers=https://127.0.0.1:2379")
    assert engine.call("GET", "/api/v1/pods").status == 200


def test_authorization_modes_count(engine: Engine) -> None:
    from cluster_core.apiserver.request import User

    mallory = User("mallory", ("system:authenticated",))
    assert engine.call("GET", "/api/v1/secrets", user=mallory).status == 403
    edit(engine, "kube-apiserver", "--authorization-mode=Node,RBAC", "--authorization-mode=AlwaysAllow")
    assert engine.call("GET", "/api/v1/secrets", user=mallory).status == 200


def test_broken_yaml_takes_the_part_away(engine: Engine) -> None:
    write(engine, f"{MANIFESTS}/kube-scheduler.yaml", "kind: Pod\n  metadata: [")
    assert phase_of(engine, "waiting") == "Pending"
    assert files(engine)[f"{MANIFESTS}/kube-scheduler.yaml"].startswith("kind: Pod")


def test_a_manifest_on_any_node_becomes_a_static_pod(engine: Engine) -> None:
    node = next(each["metadata"]["name"] for each in engine.api.list("Node") if each["metadata"]["name"] != NODE)
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: nginx}]}\n"
    write(engine, f"{MANIFESTS}/web.yaml", text, node)
    engine.cluster.advance(30)
    assert engine.api.get("Pod", "default", f"web-{node}")["status"]["phase"] == "Running"  # type: ignore[index]
    write(engine, f"{MANIFESTS}/web.yaml", None, node)
    engine.cluster.advance(60)
    assert engine.api.get("Pod", "default", f"web-{node}") is None


def test_a_node_without_kubelet_is_not_ready_after_forty_seconds(engine: Engine) -> None:
    node = next(each["metadata"]["name"] for each in engine.api.list("Node") if each["metadata"]["name"] != NODE)
    run(engine, "systemctl stop kubelet", node)
    engine.cluster.advance(60)
    assert ready(engine, node) == "Unknown"
    assert run(engine, "systemctl is-active kubelet", node)["code"] == 3
    run(engine, "systemctl start kubelet", node)
    engine.cluster.advance(30)
    assert ready(engine, node) == "True"


def ready(engine: Engine, node: str) -> str:
    conditions = engine.api.get("Node", "", node)["status"]["conditions"]  # type: ignore[index]
    return str(next(each["status"] for each in conditions if each["type"] == "Ready"))


def test_a_broken_kubelet_configuration_counts_from_the_restart_on(engine: Engine) -> None:
    path = "/var/lib/kubelet/config.yaml"
    text = files(engine)[path]
    write(engine, path, text.replace("/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/typo.crt"))
    assert run(engine, "systemctl is-active kubelet")["out"] == "active\n"
    run(engine, "systemctl restart kubelet")
    assert "typo.crt: no such file or directory" in run(engine, "journalctl -u kubelet")["out"]
    assert run(engine, "systemctl is-active kubelet")["out"] == "activating\n"
    write(engine, path, text)
    run(engine, "systemctl restart kubelet")
    assert run(engine, "systemctl is-active kubelet")["out"] == "active\n"


def test_in_the_manual_set_up_every_part_is_a_unit() -> None:
    engine = Engine(nodes=1, flavour="manual")
    engine.settle()
    unit = "/etc/systemd/system/kube-scheduler.service"
    assert "kube-scheduler.service" in run(engine, "systemctl list-units")["out"]
    text = files(engine)[unit]
    write(engine, unit, text.replace("--leader-elect=true", "--leader-elekt=true"))
    assert run(engine, "systemctl is-active kube-scheduler")["out"] == "active\n"
    run(engine, "systemctl restart kube-scheduler")
    assert "unknown flag" in run(engine, "journalctl -u kube-scheduler")["out"]
    assert phase_of(engine, "waiting") == "Pending"
    write(engine, unit, text)
    run(engine, "systemctl restart kube-scheduler")
    engine.cluster.advance(30)
    assert engine.api.get("Pod", "default", "waiting")["status"]["phase"] == "Running"  # type: ignore[index]


def test_what_was_written_survives_saving(engine: Engine) -> None:
    write(engine, "/root/notes.txt", "remember")
    edit(engine, "kube-scheduler", "--leader-elect=true", "--leader-elekt=true")
    loaded = Cluster.load(engine.cluster.save())
    found = loaded.command("machine-files", {"node": NODE})["files"]
    assert found["/root/notes.txt"] == "remember" and "elekt" in found[f"{MANIFESTS}/kube-scheduler.yaml"]
    assert "scheduler" not in loaded.parts


def test_tools_answer_on_every_machine(engine: Engine) -> None:
    assert "KUBE-SERVICES" in run(engine, "iptables-save")["out"]
    assert "kube-apiserver" in run(engine, "crictl ps")["out"]
    assert "6443" in run(engine, "ss -tlnp")["out"]
    assert "kubeadm join" in run(engine, "kubeadm token create --print-join-command")["out"]


def test_a_disk_has_an_end_and_a_dead_machine_no_shell(engine: Engine) -> None:
    with pytest.raises(CommandError, match="No space"):
        write(engine, "/root/big", "x" * (2 << 20))
    assert "/root/big" not in files(engine)
    engine.cluster.command("kill-node", {"name": NODE})
    with pytest.raises(CommandError):
        files(engine)
