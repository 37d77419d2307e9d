"""Nodes: kubelets mended, machines joined, drained and put back, static pods, kube-proxy on a node."""

from __future__ import annotations

from tests.tasks.controlplane import DEPLOYMENT, sees
from tests.tasks.scene import MANUAL, WORKER, Scene, Task

CONFIG = "/var/lib/kubelet/config.yaml"


def ready(scene: Scene) -> bool:
    return scene.is_ready()


def _on(scene: Scene, node: str) -> list[str]:
    return [each["metadata"]["name"] for each in scene.api.on_node("Pod", node) if each["metadata"]["namespace"] == "default"]


TASKS = [
    Task("a kubelet was stopped", given=["ssh node-1", "systemctl stop kubelet"], typed=["kubectl get nodes", "ssh node-1", "systemctl status kubelet", "systemctl start kubelet"], done=ready),
    Task(
        "a kubelet's authority file has a typo",
        given=["ssh node-1", f"sed -i s,pki/ca.crt,pki/CA.crt, {CONFIG}", "systemctl restart kubelet"],
        typed=["ssh node-1", "journalctl -u kubelet | tail -5", f"sed -i s,pki/CA.crt,pki/ca.crt, {CONFIG}", "systemctl restart kubelet"],
        done=ready,
    ),
    Task(
        "a kubelet calls the wrong port",
        given=["ssh node-1", "sed -i s/:6443/:6553/ /etc/kubernetes/kubelet.conf", "systemctl restart kubelet"],
        typed=["ssh node-1", "journalctl -u kubelet | grep refused", "sed -i s/:6553/:6443/ /etc/kubernetes/kubelet.conf", "systemctl restart kubelet"],
        done=ready,
    ),
    Task(
        "a kubelet's unit names no program",
        flavour=MANUAL,
        given=["ssh node-1", "sed -i s,/usr/bin/kubelet,/usr/local/bin/kubelet, /usr/lib/systemd/system/kubelet.service", "systemctl daemon-reload", "systemctl restart kubelet"],
        typed=["ssh node-1", "systemctl status kubelet", "sed -i s,/usr/local/bin/kubelet,/usr/bin/kubelet, /usr/lib/systemd/system/kubelet.service", "systemctl daemon-reload && systemctl restart kubelet"],
        done=ready,
    ),
    Task(
        "a kubelet has a flag it does not know",
        given=["ssh node-1", "echo 'KUBELET_EXTRA_ARGS=--network-plugin=cni' > /etc/default/kubelet", "systemctl restart kubelet"],
        typed=["ssh node-1", "journalctl -u kubelet", "rm /etc/default/kubelet", "systemctl restart kubelet"],
        done=ready,
    ),
    Task(
        "a kubelet looks for the wrong container runtime",
        given=["ssh node-1", f"sed -i s,containerd/containerd.sock,crio/crio.sock, {CONFIG}", "systemctl restart kubelet"],
        typed=["ssh node-1", "journalctl -u kubelet", "cat /etc/crictl.yaml", f"sed -i s,crio/crio.sock,containerd/containerd.sock, {CONFIG}", "systemctl restart kubelet"],
        done=ready,
    ),
    Task(
        "pods are told the wrong name server",
        given=["ssh node-1", f"sed -i s/10.96.0.10/10.96.0.11/ {CONFIG}", "systemctl restart kubelet"],
        typed=["ssh node-1", f"sed -i s/10.96.0.11/10.96.0.10/ {CONFIG}", "systemctl restart kubelet", "exit", """kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"node-1"}}'""", "kubectl wait --for=condition=Ready pod/web", "kubectl exec web -- cat /etc/resolv.conf"],
        done=sees("nameserver 10.96.0.10"),
    ),
    Task(
        "a node takes at most twenty pods",
        typed=["ssh node-1", f"echo 'maxPods: 20' >> {CONFIG}", "systemctl restart kubelet"],
        done=lambda scene: scene.get("Node", WORKER)["status"]["capacity"]["pods"] == "20",
    ),
    Task(
        "a pod that a node runs by itself",
        typed=["ssh node-1", "cat > /etc/kubernetes/manifests/web.yaml <<EOF\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: nginx\nEOF"],
        done=lambda scene: scene.phase("web-node-1") == "Running",
    ),
    Task("a node is drained for maintenance", objects=DEPLOYMENT, typed=["kubectl drain node-1 --ignore-daemonsets"], done=lambda scene: scene.get("Node", WORKER)["spec"].get("unschedulable") is True and not _on(scene, WORKER)),
    Task("a node is back from maintenance", given=["kubectl cordon node-1", "kubectl cordon node-2"], typed=["kubectl get nodes", "kubectl uncordon node-1", "kubectl uncordon node-2", "kubectl run web --image=nginx"], done=lambda scene: scene.phase("web") == "Running"),
    Task(
        "a machine joins the cluster",
        fresh="node-3",
        typed=["kubeadm token create --print-join-command > /root/join.sh", "scp /root/join.sh node-3:/root/join.sh", "ssh node-3", "bash /root/join.sh"],
        done=lambda scene: scene.is_ready("node-3"),
    ),
    Task(
        "a node leaves the cluster",
        typed=["kubectl drain node-2 --ignore-daemonsets --force", "ssh node-2", "kubeadm reset -f", "exit", "kubectl delete node node-2"],
        done=lambda scene: not scene.get("Node", "node-2") and not scene.file("/etc/kubernetes/kubelet.conf", "node-2"),
    ),
    Task("when do the certificates expire", typed=["kubeadm certs check-expiration"], done=sees("apiserver-etcd-client", "364d")),
    Task(
        "certificates are renewed",
        typed=["kubeadm certs renew apiserver", "openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -dates"],
        done=lambda scene: "renewed" in scene.seen and scene.cluster.parts["machines"].get("control-plane").files.get("/etc/kubernetes/pki/apiserver.crt"),  # type: ignore[attr-defined]
    ),
    Task(
        "kube-proxy does not start: its mode is unknown",
        given=["kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: \"\"/mode: iptabels/' > /tmp/cm.yaml && kubectl replace -f /tmp/cm.yaml", "kubectl rollout restart ds kube-proxy -n kube-system"],
        typed=["kubectl get pods -n kube-system | grep kube-proxy", "crictl logs kube-proxy", "kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: iptabels/mode: iptables/' > /tmp/cm.yaml && kubectl replace -f /tmp/cm.yaml", "kubectl delete pods -l k8s-app=kube-proxy -n kube-system"],
        done=lambda scene: scene.get("DaemonSet", "kube-proxy", "kube-system")["status"].get("numberReady") == 3 and scene.get("DaemonSet", "kube-proxy", "kube-system")["status"].get("updatedNumberScheduled") == 3,
    ),
    Task(
        "kube-proxy of a node was stopped, set up by hand",
        flavour=MANUAL,
        given=["ssh node-1", "systemctl stop kube-proxy"],
        typed=["ssh node-1", "systemctl status kube-proxy", "systemctl start kube-proxy"],
        done=lambda scene: scene.cluster.parts["kube-proxy"].is_running(WORKER),  # type: ignore[attr-defined]
    ),
    Task(
        "services by IPVS",
        flavour=MANUAL,
        typed=["ssh node-1", "sed -i 's/mode: \"\"/mode: ipvs/' /var/lib/kube-proxy/kube-proxy-config.yaml", "systemctl restart kube-proxy", "ipvsadm -Ln"],
        done=sees("10.96.0.1:443 rr"),
    ),
]
