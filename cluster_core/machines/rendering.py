"""The files that are on a machine by themselves, as text: kubeadm's, the kubelet's, systemd's and the distribution's.

Keys and certificates are shown as what they are, not as secrets: this cluster signs with keys of its own elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import yaml

from cluster_core.machines.machine import Machine

MANIFESTS = "/etc/kubernetes/manifests"
KUBELET_UNIT = "/usr/lib/systemd/system/kubelet.service"
KUBELET_DROP_IN = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
CONTAINERD_UNIT = "/usr/lib/systemd/system/containerd.service"
_PKI = ["ca", "apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-ca", "front-proxy-client", "etcd/ca", "etcd/server", "etcd/peer", "etcd/healthcheck-client"]
_CONFS = {
    "admin.conf": "kubernetes-admin",
    "super-admin.conf": "kubernetes-super-admin",
    "controller-manager.conf": "system:kube-controller-manager",
    "scheduler.conf": "system:kube-scheduler",
}


def dump(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=False, sort_keys=False))


def _pem(kind: str, purpose: str) -> str:
    """Something that looks like the file and differs from machine to machine."""
    text = base64.b64encode(b"".join(hashlib.sha256(f"{purpose}/{n}".encode()).digest() for n in range(12))).decode()
    lines = "\n".join(text[begin : begin + 64] for begin in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


def kubeconfig(user: str, server: str) -> str:
    data = {"certificate-authority-data": base64.b64encode(_pem("CERTIFICATE", "ca").encode()).decode(), "server": server}
    return dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kubernetes", "cluster": data}],
            "contexts": [{"name": f"{user}@kubernetes", "context": {"cluster": "kubernetes", "user": user}}],
            "current-context": f"{user}@kubernetes",
            "users": [{"name": user, "user": {"client-certificate": "/var/lib/kubelet/pki/kubelet-client-current.pem"}}],
        }
    )


def unit(description: str, command: str, after: str = "network-online.target") -> str:
    return (
        f"[Unit]\nDescription={description}\nAfter={after}\n\n[Service]\nExecStart={command}\n"
        "Restart=always\nStartLimitInterval=0\nRestartSec=10\n\n[Install]\nWantedBy=multi-user.target\n"
    )


_DROP_IN = """[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""

SOCKETS = {
    "containerd": "unix:///run/containerd/containerd.sock",
    "cri-o": "unix:///run/crio/crio.sock",
    "docker": "unix:///run/cri-dockerd.sock",
}


def kubelet_config() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"cacheTTL": "0s", "enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "systemd",
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
        "rotateCertificates": True,
        "staticPodPath": MANIFESTS,
    }


def _common(machine: Machine, server: str) -> dict[str, str]:
    socket = SOCKETS.get(machine.runtime, SOCKETS["containerd"])
    return {
        "/etc/hostname": f"{machine.name}\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
        "/etc/resolv.conf": "nameserver 172.18.0.1\n",
        "/etc/crictl.yaml": f"runtime-endpoint: {socket}\n",
        "/etc/containerd/config.toml": 'version = 3\n[plugins."io.containerd.cri.v1.runtime"]\n  SystemdCgroup = true\n',
        "/root/.bashrc": "alias k=kubectl\n",
        "/usr/bin/kubelet": "",
        KUBELET_UNIT: unit("kubelet: The Kubernetes Node Agent", "/usr/bin/kubelet"),
        CONTAINERD_UNIT: unit("containerd container runtime", "/usr/bin/containerd"),
        KUBELET_CONFIG: dump(kubelet_config()),
        KUBELET_CONF: kubeconfig(f"system:node:{machine.name}", server),
        "/var/lib/kubelet/pki/kubelet-client-current.pem": _pem("CERTIFICATE", f"kubelet/{machine.name}"),
        "/etc/kubernetes/pki/ca.crt": _pem("CERTIFICATE", "ca"),
    }


def base_files(machine: Machine, server: str, flavour: str) -> dict[str, str]:
    """Everything but manifests and, in the manual set-up, the control plane's units."""
    found = _common(machine, server)
    if flavour == "kubeadm":
        found[KUBELET_DROP_IN] = _DROP_IN
        flags = f"--node-ip={machine.address} --pod-infra-container-image=registry.k8s.io/pause:3.10.1"
        found[KUBELET_FLAGS] = f'KUBELET_KUBEADM_ARGS="{flags}"\n'
    else:
        found[KUBELET_UNIT] = unit(
            "kubelet: The Kubernetes Node Agent", f"/usr/bin/kubelet --kubeconfig={KUBELET_CONF} --config={KUBELET_CONFIG}"
        )
    return found | _control_plane(server) if machine.control_plane else found


def _control_plane(server: str) -> dict[str, str]:
    found = {f"/etc/kubernetes/{name}": kubeconfig(user, server) for name, user in _CONFS.items()}
    for name in _PKI:
        found[f"/etc/kubernetes/pki/{name}.crt"] = _pem("CERTIFICATE", name)
        found[f"/etc/kubernetes/pki/{name}.key"] = _pem("RSA PRIVATE KEY", name)
    found["/etc/kubernetes/pki/sa.key"] = _pem("RSA PRIVATE KEY", "sa")
    found["/etc/kubernetes/pki/sa.pub"] = _pem("PUBLIC KEY", "sa")
    found["/var/lib/etcd/member/snap/db"] = "(the cluster's revisions: ask with etcdctl)\n"
    return found
