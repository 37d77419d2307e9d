"""What units and programs say: histories in the journal, logs of Kubernetes' own parts, made from what has happened."""

from __future__ import annotations

import pytest

from cluster_core.simulation.cluster import Cluster
from tests.builders import pod
from tests.machines.setups import MASTER, WORKER, SetUp

DEFAULT = "/etc/default/kubelet"


@pytest.fixture(scope="module")
def plain() -> SetUp:
    up = SetUp()
    up.cluster.advance(30)
    return up


def _pids(lines: list[str]) -> list[int]:
    return [int(line.split("kubelet[")[1].split("]")[0]) for line in lines]


def test_a_unit_that_fails_is_started_again_and_again_until_it_is_mended() -> None:
    up = SetUp()
    up.write(WORKER, {DEFAULT: "KUBELET_EXTRA_ARGS=--network-plugin=cni"})
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(45)
    lines = up.run("journalctl -u kubelet", WORKER).splitlines()
    assert "restart counter is at 4." in lines[-5]
    assert [line for line in lines if "unknown flag: --network-plugin" in line and "run.go:72]" in line]
    status = up.run("systemctl status kubelet", WORKER)
    assert "activating (auto-restart) (Result: exit-code)" in status and "status=1/FAILURE" in status
    up.write(WORKER, {DEFAULT: None})
    up.run("systemctl restart kubelet", WORKER)
    up.cluster.advance(120)
    after = up.run("journalctl -u kubelet", WORKER)
    assert after.count("Scheduled restart job") == 4
    assert "2min" in up.run("systemctl status kubelet", WORKER)


def test_each_start_has_a_process_number_of_its_own_and_they_rise() -> None:
    up = SetUp()
    up.cluster.advance(20)
    for _ in range(3):
        up.run("systemctl restart kubelet", WORKER)
        up.cluster.advance(20)
    pids = _pids([line for line in up.run("journalctl -u kubelet", WORKER).splitlines() if "Started kubelet" in line and "kubelet[" in line])
    assert len(set(pids)) == 4 and pids == sorted(pids)


def test_the_history_outlives_the_clusters_being_put_away() -> None:
    up = SetUp()
    up.run("systemctl stop kubelet", WORKER)
    up.cluster.advance(10)
    before = up.run("journalctl -u kubelet", WORKER)
    up.cluster = Cluster.load(up.cluster.save())
    assert up.run("journalctl -u kubelet", WORKER) == before
    assert "Stopped kubelet.service" in before


def test_a_machine_without_power_is_silent_and_its_units_come_back() -> None:
    up = SetUp()
    up.cluster.advance(10)
    up.cluster.command("kill-node", {"node": WORKER})
    up.cluster.advance(60)
    up.cluster.command("revive-node", {"node": WORKER})
    up.cluster.advance(20)
    lines = up.run("journalctl -u kubelet", WORKER).splitlines()
    assert len([line for line in lines if "Started kubelet.service" in line]) == 2
    assert not [line for line in lines if "00:00:30" in line]


def test_a_kubelet_tells_of_the_api_servers_absence() -> None:
    up = SetUp()
    up.cluster.advance(10)
    up.cluster.command("stop-component", {"component": "kube-apiserver"})
    up.cluster.advance(60)
    said = up.run("journalctl -u kubelet -n 40", WORKER)
    assert "Failed to update lease" in said and "connect: connection refused" in said
    up.cluster.command("start-component", {"component": "kube-apiserver"})
    up.cluster.advance(60)
    ended = up.run("journalctl -u kubelet", WORKER).splitlines()[-1]
    up.cluster.advance(60)
    assert up.run("journalctl -u kubelet", WORKER).splitlines()[-1] == ended


def test_a_kubelet_tells_of_its_pods_and_what_goes_wrong_with_them() -> None:
    up = SetUp()
    up.api.create("Pod", pod("web", nodeName=WORKER))
    broken = pod("broken", "busybox", nodeName=WORKER)
    broken["spec"]["containers"][0]["command"] = ["false"]
    up.api.create("Pod", broken)
    up.cluster.advance(90)
    said = up.run("journalctl -u kubelet", WORKER)
    assert '"Observed pod startup duration" pod="default/web"' in said
    assert "VerifyControllerAttachedVolume started for volume" in said
    assert 'with CrashLoopBackOff: ' in said and 'pod="default/broken"' in said


def test_a_manifest_that_cannot_be_read_is_complained_of() -> None:
    up = SetUp()
    up.write(MASTER, {"/etc/kubernetes/manifests/web.yaml": "kind: Pod\nmetadata: [\n"})
    up.cluster.advance(60)
    assert "Could not process manifest file" in up.run("journalctl -u kubelet")


# ---------------------------------------------------------------------------------------------------- asking


@pytest.mark.parametrize(
    ("asked", "most"),
    [("-n 3", 3), ("-n3", 3), ("--lines=3", 3), ("-xeu kubelet -n 2", 2), ("--since @0 -n 1", 1), ("-u nowhere", 1), ("--since 10:00:00", 1)],
)
def test_lines_are_chosen(plain: SetUp, asked: str, most: int) -> None:
    assert len(plain.run(f"journalctl {'-u kubelet ' if '-u ' not in asked and '-xeu' not in asked else ''}{asked}").splitlines()) == most


@pytest.mark.parametrize("asked", ["--nonsense", "-n many", "--since whenever", "-Z"])
def test_what_cannot_be_understood_is_refused(plain: SetUp, asked: str) -> None:
    answer = plain.cluster.command("machine-run", {"node": MASTER, "argv": ["journalctl", *asked.split()]})
    assert answer["code"] == 1 and answer["err"] and not answer["out"]


def test_forms(plain: SetUp) -> None:
    assert plain.run("journalctl -u kubelet -n 1 -o cat").startswith("I0101")
    assert plain.run("journalctl -u kubelet -n 1 -o short-iso").startswith("2026-01-01T")
    assert plain.run("journalctl -u kubelet -r").splitlines()[-1].endswith("Started kubelet.service - kubelet: The Kubernetes Node Agent.")


def test_units_that_fail_are_listed_and_what_they_are_is_told() -> None:
    up = SetUp()
    assert up.run("systemctl is-system-running", WORKER) == "running\n" and "0 loaded units" in up.run("systemctl --failed", WORKER)
    up.write(WORKER, {DEFAULT: "KUBELET_EXTRA_ARGS=--nonsense"})
    up.run("systemctl restart kubelet", WORKER)
    assert up.run("systemctl is-system-running", WORKER) == "degraded\n" and "kubelet.service" in up.run("systemctl --failed", WORKER)
    assert up.run("systemctl show kubelet -pActiveState,MainPID", WORKER) == "ActiveState=activating\nMainPID=0\n"
    assert "MainPID=731" in up.run("systemctl show kubelet") and "FragmentPath=/usr/lib/systemd/system/kubelet.service" in up.run("systemctl show kubelet")


def test_lines_are_searched_for(plain: SetUp) -> None:
    assert "Started kubelet.service" in plain.run("journalctl -u kubelet -g started.*agent")
    assert plain.run("journalctl -u kubelet --grep=nowhere|never") == "-- No entries --\n"
    assert len(plain.run("journalctl -u kubelet -g kubeletVersion|Nobody").splitlines()) == 1
    assert plain.run("journalctl -u kubelet -g " + "(a+)+" * 50) == "-- No entries --\n"


def test_long_words_are_kept_short() -> None:
    up = SetUp()
    for number in range(3):
        up.write(WORKER, {DEFAULT: f"KUBELET_EXTRA_ARGS=--{'x' * 100_000}{number}"})
        up.run("systemctl restart kubelet", WORKER)
    assert len(up.cluster.state()) < len(SetUp().cluster.state()) + 250_000


def test_who_follows_is_told_what_has_come_since() -> None:
    up = SetUp()
    first = up.cluster.command("machine-run", {"node": WORKER, "argv": ["journalctl", "-f", "-u", "kubelet"]})
    up.cluster.advance(5)
    up.run("systemctl restart kubelet", WORKER)
    more = up.cluster.command("machine-run", {"node": WORKER, "argv": ["journalctl", "-f", "-u", "kubelet"], "after": first["now"]})
    assert "Stopped kubelet.service" in more["out"] and "Stopped kubelet.service" not in first["out"]
    assert "-- No entries --" not in up.cluster.command("machine-run", {"node": WORKER, "argv": ["journalctl", "-f"], "after": up.cluster.clock.now + 1})["out"]


# ---------------------------------------------------------------------------------------------------- Kubernetes' own parts


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("kube-scheduler", ["Starting Kubernetes Scheduler", "Successfully acquired lease", "Serving securely on 127.0.0.1:10259"]),
        ("kube-controller-manager", ["Serving securely on 127.0.0.1:10257", "Successfully acquired lease", "Starting job controller"]),
        ("kube-apiserver", ["Version: v1.36.2", "Serving securely on [::]:6443", '"allocated clusterIPs" service="default/kubernetes"']),
        ("etcd", ['"msg":"ready to serve client requests"', '"level":"info"']),
        ("kube-proxy", ['"Using iptables Proxier"', "Starting service config controller"]),
        ("coredns", [".:53", "Running configuration SHA512"]),
    ],
)
@pytest.mark.parametrize("flavour", ["kubeadm", "manual"])
def test_a_part_that_is_well_says_so(flavour: str, part: str, words: list[str]) -> None:
    up = SetUp(flavour)
    up.cluster.advance(5)
    asks = f"journalctl -u {part}" if flavour == "manual" and part != "coredns" else f"crictl logs {part}"
    place = MASTER if part != "coredns" or flavour == "kubeadm" else _place_of(up, "coredns")
    said = up.run(asks, place)
    assert all(word in said for word in words), said


def _place_of(up: SetUp, name: str) -> str:
    return next(str(each["spec"]["nodeName"]) for each in up.api.list("Pod", "kube-system") if each["metadata"]["name"].startswith(name))


def test_the_scheduler_tells_of_its_decisions_when_it_is_asked_to() -> None:
    up = SetUp()
    up.option("kube-scheduler", "--v=2")
    up.cluster.advance(10)
    up.pod("web")
    said = up.run("crictl logs kube-scheduler")
    assert '"Successfully bound pod to node" pod="default/web" node="' in said


def test_parts_tell_of_the_api_servers_absence() -> None:
    up = SetUp()
    up.cluster.advance(5)
    up.cluster.command("stop-component", {"component": "kube-apiserver"})
    up.cluster.advance(30)
    assert "failed to list *v1.Pod" in up.run("crictl logs kube-scheduler")


def test_logs_are_the_same_whenever_they_are_read() -> None:
    one, two = SetUp(), SetUp()
    for up in (one, two):
        up.cluster.advance(40)
    assert one.run("journalctl") == two.run("journalctl")
    assert one.run("crictl logs etcd") == one.run("crictl logs etcd")
