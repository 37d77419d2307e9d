"""Machines looked into and changed: journals, container runtimes, upgrades, a worker set up by hand."""

from __future__ import annotations

from cluster_core.simulation.control import control_of
from tests.tasks.controlplane import sees
from tests.tasks.scene import MANUAL, MASTER, WORKER, Scene, Task

APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
SCHEDULER = "/etc/kubernetes/manifests/kube-scheduler.yaml"
PAPERS = "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"


def _version(scene: Scene, node: str) -> str:
    return str(scene.get("Node", node)["status"]["nodeInfo"]["kubeletVersion"])


def _image(scene: Scene, part: str) -> str:
    return str(scene.get("Pod", f"{part}-control-plane", "kube-system")["spec"]["containers"][0]["image"])


def _serves(scene: Scene) -> bool:
    return scene.is_running("kube-apiserver") and not scene.cluster.server.etcd_fault


def _images(scene: Scene, node: str = WORKER) -> list[str]:
    return list(scene.cluster.parts["machines"].get(node).images)  # type: ignore[attr-defined]


def _kubeconfig(name: str, subject: str) -> list[str]:
    """A key, a certificate of the cluster's authority, and a kubeconfig with both."""
    config = f"--kubeconfig={name}.conf"
    return [
        f"openssl genrsa -out {name}.key 2048",
        f'openssl req -new -key {name}.key -subj "{subject}" -out {name}.csr',
        f"openssl x509 -req -in {name}.csr -CA /etc/kubernetes/pki/ca.crt -CAkey /etc/kubernetes/pki/ca.key -CAcreateserial -days 365 -out {name}.crt",
        f"kubectl config set-cluster hard --certificate-authority=/etc/kubernetes/pki/ca.crt --embed-certs=true --server=https://172.18.0.2:6443 {config}",
        f"kubectl config set-credentials {name} --client-certificate={name}.crt --client-key={name}.key --embed-certs=true {config}",
        f"kubectl config set-context default --cluster=hard --user={name} {config}",
        f"kubectl config use-context default {config}",
    ]


KUBELET_CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: false\n  webhook:\n    enabled: true\n  x509:\n    clientCAFile: /var/lib/kubelet/ca.crt\nauthorization:\n  mode: Webhook\nclusterDomain: cluster.local\nclusterDNS:\n- 10.96.0.10"
PROXY_CONFIG = "kind: KubeProxyConfiguration\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nclientConnection:\n  kubeconfig: /var/lib/kube-proxy/kubeconfig\nmode: iptables\nclusterCIDR: 10.244.0.0/16"


def _unit(description: str, command: str) -> str:
    return f"[Unit]\nDescription={description}\n\n[Service]\nExecStart={command}\nRestart=on-failure\nRestartSec=5\n\n[Install]\nWantedBy=multi-user.target"


def _written(path: str, text: str) -> str:
    return f"cat > {path} <<EOF\n{text}\nEOF"


TASKS = [
    Task(
        "an API server does not come back: what does its container say",
        given=[f"sed -i s/--etcd-servers/--etcd-serverz/ {APISERVER}"],
        typed=["kubectl get nodes", "crictl ps -a | grep kube-apiserver", "crictl logs kube-apiserver", "cat /var/log/pods/kube-system_kube-apiserver*/kube-apiserver/*.log", f"sed -i s/--etcd-serverz/--etcd-servers/ {APISERVER}"],
        done=lambda scene: _serves(scene) and "did you specify the right host or port?" in scene.seen and scene.seen.count("unknown flag: --etcd-serverz") >= 2,
    ),
    Task(
        "an API server's image has a typo",
        given=[f"sed -i 's,/kube-apiserver:,/kube-apiserver-no-such-image:,' {APISERVER}"],
        typed=["crictl ps -a | grep kube-apiserver", "journalctl -u kubelet | grep ErrImagePull | tail -1", f"grep image: {APISERVER}", f"sed -i s/-no-such-image// {APISERVER}"],
        done=lambda scene: _serves(scene) and "ErrImagePull" in scene.seen,
    ),
    Task(
        "what has happened to a kubelet",
        given=["ssh node-1", "echo 'KUBELET_EXTRA_ARGS=--cgroup-drivr=systemd' > /etc/default/kubelet", "systemctl restart kubelet"],
        typed=["ssh node-1", "systemctl status kubelet | head -6", "journalctl -u kubelet -n 20 --no-pager", "rm /etc/default/kubelet", "systemctl restart kubelet"],
        done=lambda scene: scene.is_ready() and "restart counter is at" in scene.seen and "unknown flag: --cgroup-drivr" in scene.seen and "activating (auto-restart)" in scene.seen,
    ),
    Task(
        "where has the scheduler put a pod, by its log",
        typed=[f"sed -i 's/    - kube-scheduler$/    - kube-scheduler\\n    - --v=2/' {SCHEDULER}", "kubectl wait --for=condition=Ready pod/kube-scheduler-control-plane -n kube-system", "kubectl run web --image=nginx", "kubectl wait --for=condition=Ready pod/web", "kubectl logs -n kube-system kube-scheduler-control-plane | grep bound"],
        done=sees('"Successfully bound pod to node" pod="default/web"'),
    ),
    Task("which plugins of admission are on by default", typed=["kubectl exec -n kube-system kube-apiserver-control-plane -- kube-apiserver -h | grep enable-admission-plugins"], done=sees("NamespaceLifecycle", "ResourceQuota")),
    Task("which address was a service given, by the API server's log", typed=["kubectl create service clusterip mine --tcp=80", "kubectl logs -n kube-system kube-apiserver-control-plane | grep default/mine"], done=sees('"allocated clusterIPs" service="default/mine"')),
    Task(
        "the control plane is upgraded",
        typed=["apt-get update", "apt-cache madison kubeadm", "apt-mark unhold kubeadm && apt-get install -y kubeadm=1.36.4-1.1 && apt-mark hold kubeadm", "kubeadm upgrade plan", "kubeadm upgrade apply -y v1.36.4", "kubectl drain control-plane --ignore-daemonsets", "apt-get install -y kubelet='1.36.4-*' kubectl='1.36.4-*'", "systemctl daemon-reload", "systemctl restart kubelet", "kubectl uncordon control-plane", "kubectl get nodes"],
        done=lambda scene: _version(scene, MASTER) == "v1.36.4" and _image(scene, "kube-apiserver").endswith(":v1.36.4") and not scene.get("Node", MASTER)["spec"].get("unschedulable"),
    ),
    Task(
        "a worker's kubelet is upgraded",
        typed=["kubectl drain node-1 --ignore-daemonsets", "ssh node-1", "apt-get install -y kubeadm=1.36.3-1.1", "kubeadm upgrade node", "apt-get install -y kubelet=1.36.3-1.1", "systemctl daemon-reload && systemctl restart kubelet", "exit", "kubectl uncordon node-1"],
        done=lambda scene: _version(scene, WORKER) == "v1.36.3" and scene.is_ready() and not scene.get("Node", WORKER)["spec"].get("unschedulable"),
    ),
    Task(
        "etcd is saved from within its container",
        typed=[f"kubectl exec -n kube-system etcd-control-plane -- etcdctl {PAPERS} snapshot save /var/lib/etcd/backup.db", "ls -l /var/lib/etcd", "etcdutl snapshot status /var/lib/etcd/backup.db -w table"],
        done=lambda scene: bool(scene.file("/var/lib/etcd/backup.db")) and "TOTAL KEYS" in scene.seen,
    ),
    Task("a node's images are cleaned up", given=["ssh node-1", "crictl pull redis"], typed=["ssh node-1", "crictl images", "crictl rmi redis"], done=lambda scene: not [each for each in _images(scene) if "redis" in each]),
    Task(
        "a container is ended behind the kubelet's back",
        objects="kind: Pod\nmetadata: {name: web}\nspec: {nodeName: node-1, containers: [{name: web, image: nginx}]}",
        typed=["ssh node-1", "crictl ps", "crictl stop $(crictl ps -q --name web)"],
        done=lambda scene: scene.get("Pod", "web")["status"]["containerStatuses"][0]["restartCount"] == 1,
    ),
    Task("who listens for the kubelet", typed=["ss -lntp | grep 10250", "pidof kubelet"], done=sees('users:(("kubelet",pid=')),
    Task("how much memory and disk is left", typed=["free -h", "df -h /", "top -bn1 | head -5"], done=sees("Mem:", "/dev/vda1", "load average")),
    Task("how is etcd doing", typed=["etcdctl endpoint status -w table", "etcdctl endpoint health", "etcdctl member list"], done=sees("RAFT TERM", "is healthy", "started, control-plane")),
    Task(
        "a part that was stopped is found in the journal",
        flavour=MANUAL,
        given=["systemctl stop kube-scheduler"],
        typed=["systemctl list-units | grep kube", "journalctl -u kube-scheduler -n 3", "systemctl start kube-scheduler"],
        done=lambda scene: control_of(scene.cluster).is_running("kube-scheduler") and "Stopped kube-scheduler.service" in scene.seen,
    ),
    Task(
        "a worker asks for its certificate, which is approved by hand",
        flavour=MANUAL,
        fresh="node-3",
        given=["kubectl delete clusterrolebinding kubeadm:node-autoapprove-bootstrap --ignore-not-found", "kubectl create clusterrolebinding csrs --clusterrole=system:node-bootstrapper --group=system:bootstrappers"],
        typed=[
            "TOKEN=$(kubeadm token create)",
            "kubectl config set-cluster hard --certificate-authority=/etc/kubernetes/pki/ca.crt --embed-certs=true --server=https://172.18.0.2:6443 --kubeconfig=boot.conf",
            "kubectl config set-credentials boot --token=$TOKEN --kubeconfig=boot.conf",
            "kubectl config set-context default --cluster=hard --user=boot --kubeconfig=boot.conf",
            "kubectl config use-context default --kubeconfig=boot.conf",
            "scp boot.conf node-3:/var/lib/kubelet/bootstrap-kubeconfig",
            "scp /etc/kubernetes/pki/ca.crt node-3:/var/lib/kubelet/ca.crt",
            "ssh node-3",
            _written("/var/lib/kubelet/kubelet-config.yaml", KUBELET_CONFIG),
            _written("/etc/systemd/system/kubelet.service", _unit("Kubernetes Kubelet", "/usr/bin/kubelet --config=/var/lib/kubelet/kubelet-config.yaml --bootstrap-kubeconfig=/var/lib/kubelet/bootstrap-kubeconfig --kubeconfig=/var/lib/kubelet/kubeconfig")),
            "systemctl daemon-reload && systemctl enable --now kubelet",
            "exit",
            "kubectl get csr",
            "kubectl certificate approve $(kubectl get csr -o name)",
        ],
        done=lambda scene: scene.is_ready("node-3") and "Pending" in scene.seen,
    ),
    Task(
        "a worker is set up by hand",
        flavour=MANUAL,
        fresh="node-3",
        typed=[
            *_kubeconfig("kubelet", "/O=system:nodes/CN=system:node:node-3"),
            *_kubeconfig("proxy", "/O=system:node-proxier/CN=system:kube-proxy"),
            "scp kubelet.conf node-3:/var/lib/kubelet/kubeconfig",
            "scp proxy.conf node-3:/var/lib/kube-proxy/kubeconfig",
            "scp /etc/kubernetes/pki/ca.crt node-3:/var/lib/kubelet/ca.crt",
            "ssh node-3",
            _written("/var/lib/kubelet/kubelet-config.yaml", KUBELET_CONFIG),
            _written("/etc/systemd/system/kubelet.service", _unit("Kubernetes Kubelet", "/usr/bin/kubelet --config=/var/lib/kubelet/kubelet-config.yaml --kubeconfig=/var/lib/kubelet/kubeconfig --register-node=true")),
            _written("/var/lib/kube-proxy/kube-proxy-config.yaml", PROXY_CONFIG),
            _written("/etc/systemd/system/kube-proxy.service", _unit("Kubernetes Kube Proxy", "/usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/kube-proxy-config.yaml")),
            "systemctl daemon-reload",
            "systemctl enable --now kubelet kube-proxy",
            "iptables-save -t nat | grep -c KUBE-SVC",
        ],
        done=lambda scene: scene.is_ready("node-3") and scene.cluster.parts["kube-proxy"].is_running("node-3"),  # type: ignore[attr-defined]
    ),
]
