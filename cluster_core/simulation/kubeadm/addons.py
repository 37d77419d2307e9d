"""CoreDNS, kube-proxy and the ConfigMaps kubeadm keeps. Models cmd/kubeadm/app/phases/{addons,uploadconfig,bootstraptoken}."""

from __future__ import annotations

from typing import Any

from cluster_core.simulation.kubeadm.manifests import VERSION

Objects = list[tuple[str, dict[str, Any]]]
"""(kind, object), in the order of creation."""

DNS_IP = "10.96.0.10"
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.2"

COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""


def objects(endpoint: str, *, proxy: bool = True) -> Objects:
    """Everything in kube-system and kube-public; `endpoint` is the API server's URL, `proxy`: kube-proxy runs in pods."""
    return [*_configuration(endpoint), *_coredns(), *(_kube_proxy(endpoint) if proxy else ())]


def _meta(name: str, namespace: str = "kube-system", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, **more}


def _configuration(endpoint: str) -> Objects:
    cluster = {
        "apiServer": "{}",
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "caCertificateValidityPeriod": "87600h0m0s",
        "certificateValidityPeriod": "8760h0m0s",
        "certificatesDir": "/etc/kubernetes/pki",
        "clusterName": "kubernetes",
        "controllerManager": "{}",
        "dns": "{}",
        "encryptionAlgorithm": "RSA-2048",
        "etcd": "\n  local:\n    dataDir: /var/lib/etcd",
        "imageRepository": "registry.k8s.io",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": VERSION,
        "networking": "\n  dnsDomain: cluster.local\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12",
        "proxy": "{}",
        "scheduler": "{}",
    }
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "cgroupDriver": "systemd",
        "clusterDNS": f"\n- {DNS_IP}",
        "clusterDomain": "cluster.local",
        "kind": "KubeletConfiguration",
        "rotateCertificates": "true",
        "staticPodPath": "/etc/kubernetes/manifests",
    }
    info = _kubeconfig(endpoint, "cluster-info")
    return [
        ("ConfigMap", {"metadata": _meta("kubeadm-config"), "data": {"ClusterConfiguration": _yaml(cluster)}}),
        ("ConfigMap", {"metadata": _meta("kubelet-config"), "data": {"kubelet": _yaml(kubelet)}}),
        ("ConfigMap", {"metadata": _meta("cluster-info", "kube-public"), "data": {"kubeconfig": info}}),
    ]


def _yaml(pairs: dict[str, str]) -> str:
    return "".join(f"{key}:{value}\n" if value.startswith("\n") else f"{key}: {value}\n" for key, value in pairs.items())


def _kubeconfig(endpoint: str, purpose: str) -> str:
    """A kubeconfig: without users for cluster-info, with the service account's token for kube-proxy."""
    if purpose == "cluster-info":
        return (
            f'apiVersion: v1\nclusters:\n- cluster:\n    server: {endpoint}\n  name: ""\ncontexts: null\n'
            'current-context: ""\nkind: Config\npreferences: {}\nusers: null\n'
        )
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    return (
        f"apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority: {account}/ca.crt\n"
        f"    server: {endpoint}\n  name: default\ncontexts:\n- context:\n    cluster: default\n    namespace: default\n"
        "    user: default\n  name: default\ncurrent-context: default\nusers:\n- name: default\n  user:\n"
        f"    tokenFile: {account}/token"
    )


def _coredns() -> Objects:
    labels = {"k8s-app": "kube-dns"}
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP")]
    service = {
        "metadata": _meta(
            "kube-dns",
            annotations={"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
            labels={**labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
        ),
        "spec": {
            "clusterIP": DNS_IP,
            "ports": [{"name": n, "port": p, "protocol": q, "targetPort": p} for n, p, q in ports],
            "selector": labels,
        },
    }
    deployment = {
        "metadata": _meta("coredns", labels=labels),
        "spec": {
            "replicas": 2,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _coredns_pod(labels)},
        },
    }
    return [
        ("ServiceAccount", {"metadata": _meta("coredns")}),
        ("ConfigMap", {"metadata": _meta("coredns"), "data": {"Corefile": COREFILE}}),
        ("Service", service),
        ("Deployment", deployment),
    ]


def _coredns_pod(labels: dict[str, str]) -> dict[str, Any]:
    expression = {"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}
    term = {"labelSelector": {"matchExpressions": [expression]}, "topologyKey": "kubernetes.io/hostname"}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [_coredns_container()],
        "dnsPolicy": "Default",
        "volumes": [
            {"name": "config-volume", "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}}
        ],
    }


def _coredns_container() -> dict[str, Any]:
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"),
             ("liveness-probe", 8080, "TCP"), ("readiness-probe", 8181, "TCP")]  # fmt: skip
    live = {"path": "/health", "port": "liveness-probe", "scheme": "HTTP"}
    return {
        "name": "coredns",
        "image": COREDNS,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
        "ports": [{"containerPort": port, "name": name, "protocol": protocol} for name, port, protocol in ports],
        "livenessProbe": {"httpGet": live, "initialDelaySeconds": 60, "timeoutSeconds": 5, "failureThreshold": 5},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe", "scheme": "HTTP"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def _kube_proxy(endpoint: str) -> Objects:
    config = (
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nbindAddress: 0.0.0.0\nclientConnection:\n"
        "  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf\nclusterCIDR: 10.244.0.0/16\nkind: KubeProxyConfiguration\n"
        'metricsBindAddress: ""\nmode: ""\n'
    )
    data = {"config.conf": config, "kubeconfig.conf": _kubeconfig(endpoint, "kube-proxy")}
    labels = {"k8s-app": "kube-proxy"}
    daemonset = {
        "metadata": _meta("kube-proxy", labels=labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": labels}, "spec": _kube_proxy_pod()},
        },
    }
    return [
        ("ServiceAccount", {"metadata": _meta("kube-proxy")}),
        ("ConfigMap", {"metadata": _meta("kube-proxy", labels={"app": "kube-proxy"}), "data": data}),
        ("DaemonSet", daemonset),
    ]


def _kube_proxy_pod() -> dict[str, Any]:
    container = {
        "name": "kube-proxy",
        "image": f"registry.k8s.io/kube-proxy:{VERSION}",
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/usr/local/bin/kube-proxy",
            "--config=/var/lib/kube-proxy/config.conf",
            "--hostname-override=$(NODE_NAME)",
        ],
        "securityContext": {"privileged": True},
        "volumeMounts": [
            {"mountPath": "/var/lib/kube-proxy", "name": "kube-proxy"},
            {"mountPath": "/run/xtables.lock", "name": "xtables-lock"},
            {"mountPath": "/lib/modules", "name": "lib-modules", "readOnly": True},
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    }
    return {
        "priorityClassName": "system-node-critical",
        "containers": [container],
        "hostNetwork": True,
        "serviceAccountName": "kube-proxy",
        "volumes": [
            {"name": "kube-proxy", "configMap": {"name": "kube-proxy"}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
            {"name": "lib-modules", "hostPath": {"path": "/lib/modules"}},
        ],
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
    }
