"""The files that are on a machine by themselves, as text: kubeadm's, the kubelet's, systemd's and the distribution's.

Models cmd/kubeadm/app/phases/{kubeconfig,kubelet,certs}; in the manual set-up, unit files as courses have them typed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import yaml

from cluster_core.machinery import compact
from cluster_core.machines import certificates
from cluster_core.machines.certificates import AUTHORITIES, SIGNED, Pair, Wanted
from cluster_core.machines.machine import Machine

MANIFESTS = "/etc/kubernetes/manifests"
UNITS = "/etc/systemd/system"
KUBELET_UNIT = "/usr/lib/systemd/system/kubelet.service"
KUBELET_DROP_IN = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
KUBELET_PKI = "/var/lib/kubelet/pki"
KUBELET_CLIENT = f"{KUBELET_PKI}/kubelet-client-current.pem"
ENGINES = {
    "containerd": (("containerd", "containerd container runtime", "/usr/bin/containerd"),),
    "cri-o": (("crio", "Container Runtime Interface for OCI (CRI-O)", "/usr/bin/crio"),),
    "docker": (
        ("docker", "Docker Application Container Engine", "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock"),
        ("cri-docker", "CRI Interface for Docker Application Container Engine", "/usr/bin/cri-dockerd --container-runtime-endpoint fd://"),
    ),
}
"""The units of a container runtime: (name, description, command)."""
PROXY_CONFIG, PROXY_CONF = "/var/lib/kube-proxy/kube-proxy-config.yaml", "/var/lib/kube-proxy/kubeconfig"
PKI = "/etc/kubernetes/pki"
CA = f"{PKI}/ca.crt"
ADMIN = "/root/.kube/config"
DIRECTORIES = (MANIFESTS, "/etc/default", "/etc/systemd/system", "/etc/cni/net.d", "/opt", "/srv", "/mnt", "/home", "/var/log/pods", "/var/lib/kubelet")
"""Directories that are there though they may hold nothing."""
CONFS = {
    "admin.conf": Wanted("kubernetes-admin", "ca", ("kubeadm:cluster-admins",)),
    "super-admin.conf": Wanted("kubernetes-super-admin", "ca", ("system:masters",)),
    "controller-manager.conf": Wanted("system:kube-controller-manager", "ca"),
    "scheduler.conf": Wanted("system:kube-scheduler", "ca"),
}
SOCKETS = {
    "containerd": "unix:///run/containerd/containerd.sock",
    "cri-o": "unix:///run/crio/crio.sock",
    "docker": "unix:///run/cri-dockerd.sock",
}


class Site(NamedTuple):
    """What the machines of a cluster have in common."""

    server: str
    flavour: str
    seed: int
    born: int
    """When the certificates were signed, in microseconds."""


def dump(value: Any) -> str:
    """As YAML. Machines are much alike, and their files are asked for whenever a pod mounts one."""
    return _dumped(compact.encode(value))


@lru_cache(1024)
def _dumped(text: bytes) -> str:
    return str(yaml.dump(orjson.loads(text), Dumper=yaml.CSafeDumper, default_flow_style=False, sort_keys=False))


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(user: str, server: str, authority: str, credentials: Mapping[str, str]) -> str:
    """A client's way to the API server; `authority` is the text of its certificate."""
    cluster = {"certificate-authority-data": _data(authority), "server": server}
    return dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kubernetes", "cluster": cluster}],
            "contexts": [{"name": f"{user}@kubernetes", "context": {"cluster": "kubernetes", "user": user}}],
            "current-context": f"{user}@kubernetes",
            "users": [{"name": user, "user": dict(credentials)}],
        }
    )


def _embedded(pair: Pair) -> dict[str, str]:
    return {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)}


def conf(site: Site, wanted: Wanted, at: int = 0) -> str:
    """The kubeconfig of one of CONFS, its certificate signed at this moment."""
    pair = certificates.issued(site.seed, wanted, at or site.born)
    return kubeconfig(wanted.name, site.server, authority_text(site), _embedded(pair))


def authority_text(site: Site) -> str:
    """/etc/kubernetes/pki/ca.crt"""
    return certificates.authority(site.seed, "ca").certificate


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


def kubelet_config(machine: Machine, flavour: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"cacheTTL": "0s", "enabled": True},
            "x509": {"clientCAFile": CA},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "systemd",
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": SOCKETS.get(machine.runtime, SOCKETS["containerd"]),
        "rotateCertificates": True,
        "staticPodPath": MANIFESTS,
    }
    if machine.pods != 110:
        found["maxPods"] = machine.pods
    if flavour != "kubeadm":
        found |= {"tlsCertFile": f"{KUBELET_PKI}/kubelet.crt", "tlsPrivateKeyFile": f"{KUBELET_PKI}/kubelet.key"}
    return found


def base_files(machine: Machine, site: Site) -> dict[str, str]:
    """Everything but static pods' manifests and, in the manual set-up, the control plane's units."""
    return dict(files_of(facts(machine), site))


Facts = tuple[Any, ...]


def facts(machine: Machine) -> Facts:
    """All that its files depend on: machines are much alike."""
    return machine.name, machine.index, machine.control_plane, machine.runtime, machine.pods, machine.joined


@lru_cache(512)
def files_of(plain: Facts, site: Site) -> dict[str, str]:
    name, index, control_plane, runtime, pods, joined = plain
    machine = Machine(name, index, "", "", pods, control_plane=control_plane, runtime=runtime)
    found = _common(machine, site)
    if joined:
        found |= node_files(machine, site)
    return found | _control_plane(site) if control_plane else found


def _common(machine: Machine, site: Site) -> dict[str, str]:
    """What a machine has before it is a node."""
    socket = SOCKETS.get(machine.runtime, SOCKETS["containerd"])
    found = {
        "/etc/hostname": f"{machine.name}\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{machine.name}\n::1\tlocalhost ip6-localhost ip6-loopback\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
        "/etc/resolv.conf": "nameserver 172.18.0.1\n",
        "/etc/crictl.yaml": f"runtime-endpoint: {socket}\n",
        "/etc/containerd/config.toml": 'version = 3\n[plugins."io.containerd.cri.v1.runtime"]\n  SystemdCgroup = true\n',
        "/root/.bashrc": "alias k=kubectl\n",
        "/usr/bin/kubelet": "",
        KUBELET_UNIT: unit("kubelet: The Kubernetes Node Agent", "/usr/bin/kubelet"),
        **{f"/usr/lib/systemd/system/{name}.service": unit(told, command) for name, told, command in ENGINES.get(machine.runtime, ())},
    }
    return found | ({KUBELET_DROP_IN: _DROP_IN} if site.flavour == "kubeadm" else {"/usr/local/bin/kube-proxy": ""})


def node_files(machine: Machine, site: Site) -> dict[str, str]:
    """What a node has because it has joined the cluster."""
    node = certificates.issued(site.seed, Wanted(f"system:node:{machine.name}", "ca", ("system:nodes",)), site.born)
    key = {"client-certificate": KUBELET_CLIENT, "client-key": KUBELET_CLIENT}
    found = {
        CA: authority_text(site),
        KUBELET_CONFIG: dump(kubelet_config(machine, site.flavour)),
        KUBELET_CONF: kubeconfig(f"system:node:{machine.name}", site.server, authority_text(site), key),
        KUBELET_CLIENT: node.certificate + node.key,
    }
    if site.flavour == "kubeadm":
        serving = certificates.own_pair(site.seed, machine.name, site.born)
        found[KUBELET_FLAGS] = f'KUBELET_KUBEADM_ARGS="--node-ip={machine.address}"\n'
    else:
        serving = certificates.issued(site.seed, Wanted(f"{machine.name}-serving", "ca"), site.born)
        command = f"/usr/bin/kubelet \\\n  --config={KUBELET_CONFIG} \\\n  --kubeconfig={KUBELET_CONF} \\\n  --node-ip={machine.address}"
        found[KUBELET_UNIT] = unit("kubelet: The Kubernetes Node Agent", command)
        found |= _proxy_files(site)
    return found | {f"{KUBELET_PKI}/kubelet.crt": serving.certificate, f"{KUBELET_PKI}/kubelet.key": serving.key}


def proxy_config(conf_path: str) -> str:
    """A KubeProxyConfiguration as kubeadm leaves it."""
    return (
        f"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nbindAddress: 0.0.0.0\nclientConnection:\n  kubeconfig: {conf_path}\n"
        'clusterCIDR: 10.244.0.0/16\nkind: KubeProxyConfiguration\nmetricsBindAddress: ""\nmode: ""\n'
    )


def _proxy_files(site: Site) -> dict[str, str]:
    return {
        f"{UNITS}/kube-proxy.service": unit("Kubernetes Kube Proxy", f"/usr/local/bin/kube-proxy \\\n  --config={PROXY_CONFIG}"),
        PROXY_CONFIG: proxy_config(PROXY_CONF),
        PROXY_CONF: conf(site, Wanted("system:kube-proxy", "ca", ("system:node-proxier",))),
    }


def signed(site: Site, name: str, at: int = 0) -> Pair:
    """One of SIGNED, signed at this moment."""
    return certificates.issued(site.seed, SIGNED[name], at or site.born)


def _control_plane(site: Site) -> dict[str, str]:
    found = {f"/etc/kubernetes/{name}": conf(site, wanted) for name, wanted in CONFS.items()}
    found[ADMIN] = found["/etc/kubernetes/admin.conf"]
    pairs = {name: certificates.authority(site.seed, name) for name in AUTHORITIES}
    pairs |= {name: signed(site, name) for name in SIGNED}
    for name, pair in pairs.items():
        found |= {f"{PKI}/{name}.crt": pair.certificate, f"{PKI}/{name}.key": pair.key}
    account = certificates.bare_key(site.seed, "sa")
    found |= {f"{PKI}/sa.key": account.key, f"{PKI}/sa.pub": account.certificate}
    programs = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler") if site.flavour != "kubeadm" else ()
    return found | {f"/usr/local/bin/{name}": "" for name in programs}
