"""A machine becomes a node by hand: with the certificate it was given, or with one it asks for by a bootstrap token."""

from __future__ import annotations

import pytest

from cluster_core.machines import rendering
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.options import site_of
from tests.machines.setups import FLAVOURS, SetUp

FRESH = "node-9"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDNS: [10.96.0.10]\nclusterDomain: cluster.local\n"
UNIT = "[Unit]\nDescription=Kubelet\n[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/by-hand.yaml --bootstrap-kubeconfig=/var/lib/kubelet/bootstrap --kubeconfig=/var/lib/kubelet/kubeconfig\n"
ROLES = {"create-csrs": "system:node-bootstrapper", "auto-approve": "system:certificates.k8s.io:certificatesigningrequests:nodeclient"}


@pytest.fixture(params=FLAVOURS)
def up(request: pytest.FixtureRequest) -> SetUp:
    up = SetUp(request.param)
    up.cluster.command("add-node", {"name": FRESH, "joined": False})
    return up


def prepare(up: SetUp, token: str = "") -> None:
    """Write what the kubelet needs and start it."""
    token = token or up.run("kubeadm token create").strip()
    site = site_of(up.cluster)
    bootstrap = rendering.kubeconfig("bootstrap", site.server, rendering.authority_text(site), {"token": token})
    dropped = {f"{rendering.KUBELET_DROP_IN}": None} if up.flavour == "kubeadm" else {}
    up.write(FRESH, {"/var/lib/kubelet/by-hand.yaml": CONFIG, "/var/lib/kubelet/bootstrap": bootstrap, "/etc/systemd/system/kubelet.service": UNIT, **dropped})
    up.run("systemctl daemon-reload", FRESH)
    up.run("systemctl start kubelet", FRESH)


def bind(up: SetUp, name: str) -> None:
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:bootstrappers"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLES[name]}
    up.api.create("ClusterRoleBinding", {"metadata": {"name": name}, "subjects": [subject], "roleRef": role})


def requests(up: SetUp) -> list[dict[str, object]]:
    return list(up.api.list("CertificateSigningRequest"))


def test_a_kubelet_gets_its_certificate_with_a_token(up: SetUp) -> None:
    if up.flavour == "manual":
        for name in ROLES:
            bind(up, name)
    prepare(up)
    assert up.until(lambda: up.api.get("Node", "", FRESH) is not None and up.ready(FRESH) == "True", 60)
    files = up.files(FRESH)
    assert "BEGIN CERTIFICATE" in files["/var/lib/kubelet/pki/kubelet-client-current.pem"] and "kubelet-client-current.pem" in files["/var/lib/kubelet/kubeconfig"]
    assert "Waiting for client certificate to be issued" in up.run("journalctl -u kubelet", FRESH)
    assert "Successfully registered node" in up.run("journalctl -u kubelet", FRESH)


def test_who_may_not_ask_asks_again_until_he_may() -> None:
    up = SetUp("manual")
    up.cluster.command("add-node", {"name": FRESH, "joined": False})
    for name in ("kubeadm:kubelet-bootstrap", "kubeadm:node-autoapprove-bootstrap"):
        if up.api.get("ClusterRoleBinding", "", name) is not None:
            up.api.delete("ClusterRoleBinding", "", name)
    prepare(up)
    up.cluster.advance(30)
    assert not requests(up) and "is forbidden" in up.run("journalctl -u kubelet", FRESH)
    bind(up, "create-csrs")
    up.cluster.advance(30)
    [request] = requests(up)
    assert request["spec"]["username"].startswith("system:bootstrap:") and not request.get("status", {}).get("certificate")  # type: ignore[index, attr-defined]
    assert up.api.get("Node", "", FRESH) is None


def test_a_request_approved_by_hand_is_enough_even_after_the_cluster_was_away() -> None:
    up = SetUp("manual")
    up.cluster.command("add-node", {"name": FRESH, "joined": False})
    if up.api.get("ClusterRoleBinding", "", "kubeadm:node-autoapprove-bootstrap") is not None:
        up.api.delete("ClusterRoleBinding", "", "kubeadm:node-autoapprove-bootstrap")
    bind(up, "create-csrs")
    prepare(up)
    up.cluster.advance(5)
    up.cluster = Cluster.load(up.cluster.save())
    up.api = up.cluster.world.client("tester")
    [request] = requests(up)
    now = "2026-01-01T00:00:00Z"
    condition = {"type": "Approved", "status": "True", "reason": "ByHand", "message": "", "lastUpdateTime": now, "lastTransitionTime": now}
    up.api.update("CertificateSigningRequest", {**request, "status": {"conditions": [condition]}}, subresource="approval")
    assert up.until(lambda: up.api.get("Node", "", FRESH) is not None, 60)


def test_a_wrong_token_is_not_let_in(up: SetUp) -> None:
    prepare(up, "abcdef.0123456789abcdef")
    up.cluster.advance(15)
    assert "Unauthorized" in up.run("journalctl -u kubelet", FRESH) and up.api.get("Node", "", FRESH) is None


def test_a_node_made_by_hand_comes_back_after_a_power_cut(up: SetUp) -> None:
    for name in ROLES if up.flavour == "manual" else ():
        bind(up, name)
    prepare(up)
    assert up.until(lambda: up.api.get("Node", "", FRESH) is not None, 60)
    up.cluster.command("kill-node", {"node": FRESH})
    up.cluster.advance(60)
    up.cluster.command("revive-node", {"node": FRESH})
    assert up.until(lambda: up.ready(FRESH) == "True", 60)
