"""The control plane's static pod manifests. Models cmd/kubeadm/app/phases/{controlplane,etcd} and util/staticpod."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

VERSION = "v1.36.2"
ETCD = "3.6.8-0"
PKI = "/etc/kubernetes/pki"
PORTS = {"etcd": 2381, "kube-apiserver": 6443, "kube-controller-manager": 10257, "kube-scheduler": 10259}
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

Manifest = dict[str, Any]


@lru_cache(64)
def static_pods(node: str, address: str) -> dict[str, Manifest]:
    """The manifests by component: shared, never to be changed."""
    made = {
        "etcd": _etcd(node, address),
        "kube-apiserver": _apiserver(address),
        "kube-controller-manager": _controller_manager(),
        "kube-scheduler": _scheduler(),
    }
    return {name: made[name] for name in COMPONENTS}


def _command(program: str, flags: Mapping[str, str]) -> list[str]:
    """The command line: kubeadm sorts the flags of a component."""
    return [program, *(f"--{name}={flags[name]}" for name in sorted(flags))]


def _probe(host: str, path: str, scheme: str, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"host": host, "path": path, "port": "probe-port", "scheme": scheme}, "timeoutSeconds": 15, **numbers}


def _probes(host: str, live: str, ready: str, start: str, scheme: str = "HTTPS") -> dict[str, Any]:
    """Liveness, readiness (unless "") and startup probe with kubeadm's numbers."""
    slow = {"initialDelaySeconds": 10, "periodSeconds": 10}
    found = {
        "livenessProbe": _probe(host, live, scheme, failureThreshold=8, **slow),
        "startupProbe": _probe(host, start, scheme, failureThreshold=24, **slow),
    }
    if ready:
        found["readinessProbe"] = _probe(host, ready, scheme, failureThreshold=3, periodSeconds=1)
    return found


def _pod(
    container: dict[str, Any], volumes: Sequence[tuple[str, str, str, bool]], annotations: Mapping[str, str]
) -> Manifest:
    """The pod of one component; volumes as (name, path, hostPath type, read-only)."""
    name = container["name"]
    mounts = [
        {"mountPath": path, "name": volume, **({"readOnly": True} if read_only else {})}
        for volume, path, _, read_only in volumes
    ]
    port = {"containerPort": PORTS[name], "name": "probe-port", "protocol": "TCP"}
    whole = {**container, "imagePullPolicy": "IfNotPresent", "ports": [port], "volumeMounts": mounts}
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "kube-system",
        "labels": {"component": name, "tier": "control-plane"},
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "containers": [whole],
            "hostNetwork": True,
            "priority": 2000001000,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"hostPath": {"path": path, "type": type}, "name": volume} for volume, path, type, _ in volumes],
        },
    }


def _etcd(node: str, address: str) -> Manifest:
    client, peer = f"https://{address}:2379", f"https://{address}:2380"
    pki = f"{PKI}/etcd"
    flags = {
        "name": node,
        "listen-client-urls": f"https://127.0.0.1:2379,{client}",
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"{node}={peer}",
        "data-dir": "/var/lib/etcd",
        "cert-file": f"{pki}/server.crt",
        "key-file": f"{pki}/server.key",
        "trusted-ca-file": f"{pki}/ca.crt",
        "client-cert-auth": "true",
        "peer-cert-file": f"{pki}/peer.crt",
        "peer-key-file": f"{pki}/peer.key",
        "peer-trusted-ca-file": f"{pki}/ca.crt",
        "peer-client-cert-auth": "true",
        "snapshot-count": "10000",
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "feature-gates": "InitialCorruptCheck=true",
        "watch-progress-notify-interval": "5s",
    }
    container = {
        "name": "etcd",
        "image": f"registry.k8s.io/etcd:{ETCD}",
        "command": _command("etcd", flags),
        "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}},
        **_probes("127.0.0.1", "/livez", "/readyz", "/readyz", "HTTP"),
    }
    volumes = [
        ("etcd-data", "/var/lib/etcd", "DirectoryOrCreate", False),
        ("etcd-certs", pki, "DirectoryOrCreate", False),
    ]
    return _pod(container, volumes, {"kubeadm.kubernetes.io/etcd.advertise-client-urls": client})


_CERTIFICATES = (
    ("k8s-certs", PKI, "DirectoryOrCreate", True),
    ("ca-certs", "/etc/ssl/certs", "DirectoryOrCreate", True),
    ("etc-ca-certificates", "/etc/ca-certificates", "DirectoryOrCreate", True),
    ("usr-local-share-ca-certificates", "/usr/local/share/ca-certificates", "DirectoryOrCreate", True),
    ("usr-share-ca-certificates", "/usr/share/ca-certificates", "DirectoryOrCreate", True),
)


def _apiserver(address: str) -> Manifest:
    flags = {
        "advertise-address": address,
        "enable-admission-plugins": "NodeRestriction",
        "service-cluster-ip-range": "10.96.0.0/12",
        "service-account-key-file": f"{PKI}/sa.pub",
        "service-account-signing-key-file": f"{PKI}/sa.key",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "client-ca-file": f"{PKI}/ca.crt",
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
        "kubelet-client-certificate": f"{PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI}/apiserver-kubelet-client.key",
        "enable-bootstrap-token-auth": "true",
        "secure-port": "6443",
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "proxy-client-cert-file": f"{PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{PKI}/front-proxy-client.key",
        "etcd-servers": "https://127.0.0.1:2379",
        "etcd-cafile": f"{PKI}/etcd/ca.crt",
        "etcd-certfile": f"{PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{PKI}/apiserver-etcd-client.key",
    }
    container = {
        "name": "kube-apiserver",
        "image": f"registry.k8s.io/kube-apiserver:{VERSION}",
        "command": _command("kube-apiserver", flags),
        "resources": {"requests": {"cpu": "250m"}},
        **_probes(address, "/livez", "/readyz", "/livez"),
    }
    endpoint = {"kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": f"{address}:6443"}
    return _pod(container, _CERTIFICATES, endpoint)


def _controller_manager() -> Manifest:
    kubeconfig = "/etc/kubernetes/controller-manager.conf"
    flags = {
        "allocate-node-cidrs": "true",
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "client-ca-file": f"{PKI}/ca.crt",
        "cluster-cidr": "10.244.0.0/16",
        "cluster-name": "kubernetes",
        "cluster-signing-cert-file": f"{PKI}/ca.crt",
        "cluster-signing-key-file": f"{PKI}/ca.key",
        "controllers": "*,bootstrapsigner,tokencleaner",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "root-ca-file": f"{PKI}/ca.crt",
        "service-account-private-key-file": f"{PKI}/sa.key",
        "service-cluster-ip-range": "10.96.0.0/12",
        "use-service-account-credentials": "true",
    }
    container = {
        "name": "kube-controller-manager",
        "image": f"registry.k8s.io/kube-controller-manager:{VERSION}",
        "command": _command("kube-controller-manager", flags),
        "resources": {"requests": {"cpu": "200m"}},
        **_probes("127.0.0.1", "/healthz", "", "/healthz"),
    }
    volumes = [*_CERTIFICATES, ("kubeconfig", kubeconfig, "FileOrCreate", True)]
    plugins = ("flexvolume-dir", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec", "DirectoryOrCreate", False)
    return _pod(container, [*volumes, plugins], {})


def _scheduler() -> Manifest:
    kubeconfig = "/etc/kubernetes/scheduler.conf"
    flags = {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
    }
    container = {
        "name": "kube-scheduler",
        "image": f"registry.k8s.io/kube-scheduler:{VERSION}",
        "command": _command("kube-scheduler", flags),
        "resources": {"requests": {"cpu": "100m"}},
        **_probes("127.0.0.1", "/livez", "/readyz", "/livez"),
    }
    return _pod(container, [("kubeconfig", kubeconfig, "FileOrCreate", True)], {})
