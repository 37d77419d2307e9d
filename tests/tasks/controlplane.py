"""Parts of the control plane: read, changed, broken and mended, in both set-ups."""

from __future__ import annotations

from tests.tasks.scene import MANUAL, Scene, Task

M, U, PKI = "/etc/kubernetes/manifests", "/etc/systemd/system", "/etc/kubernetes/pki"
WEB = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: c, image: nginx}]}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}
"""


def sees(*words: str):  # type: ignore[no-untyped-def]
    """Whether all of it was read."""
    return lambda scene: all(word in scene.seen for word in words)


def runs(name: str):  # type: ignore[no-untyped-def]
    return lambda scene: scene.phase(name) == "Running"


def _option(component: str, text: str):  # type: ignore[no-untyped-def]
    """Whether the part was started with it."""

    def holds(scene: Scene) -> bool:
        processes = scene.cluster.command("machine-run", {"node": "control-plane", "argv": ["ps", "aux"]})["out"]
        line = next((each for each in processes.splitlines() if f"{component} --" in each), "")
        return scene.is_running(component) and text in line

    return holds


TASKS = [
    Task(
        "a scheduler's manifest has a typo",
        given=[f"sed -i s/--leader-elect=true/--leader-elekt=true/ {M}/kube-scheduler.yaml", "kubectl run web --image=nginx"],
        typed=[
            "kubectl get pods -n kube-system",
            "crictl logs kube-scheduler",
            f"sed -i s/--leader-elekt=true/--leader-elect=true/ {M}/kube-scheduler.yaml",
        ],
        done=runs("web"),
    ),
    Task(
        "a scheduler's unit has a typo",
        flavour=MANUAL,
        given=[f"sed -i s/--kubeconfig=/--kubekonfig=/ {U}/kube-scheduler.service", "systemctl restart kube-scheduler", "kubectl run web --image=nginx"],
        typed=[
            "journalctl -u kube-scheduler",
            f"sed -i s/--kubekonfig=/--kubeconfig=/ {U}/kube-scheduler.service",
            "systemctl daemon-reload && systemctl restart kube-scheduler",
        ],
        done=runs("web"),
    ),
    Task(
        "the scheduler's manifest is moved back",
        given=[f"mv {M}/kube-scheduler.yaml /root/", "kubectl run web --image=nginx"],
        typed=[f"ls {M}", "find / -name kube-scheduler.yaml", f"mv /root/kube-scheduler.yaml {M}/"],
        done=runs("web"),
    ),
    Task(
        "the controller manager is taken out of service",
        typed=[f"mv {M}/kube-controller-manager.yaml /root/", "crictl ps | grep controller-manager"],
        done=lambda scene: not scene.is_running("kube-controller-manager") and not scene.get("Pod", "kube-controller-manager-control-plane", "kube-system"),
    ),
    Task(
        "the scheduler's unit was stopped",
        flavour=MANUAL,
        given=["systemctl disable --now kube-scheduler", "kubectl run web --image=nginx"],
        typed=["systemctl status kube-scheduler", "systemctl enable --now kube-scheduler"],
        done=lambda scene: scene.phase("web") == "Running" and "kube-scheduler" not in scene.cluster.parts["machines"].get("control-plane").disabled,  # type: ignore[attr-defined]
    ),
    Task(
        "the API server looks for etcd on the wrong port",
        given=[f"sed -i s/127.0.0.1:2379/127.0.0.1:2397/ {M}/kube-apiserver.yaml"],
        typed=["kubectl get nodes", "crictl ps -a | grep apiserver", "crictl logs kube-apiserver", f"sed -i s/127.0.0.1:2397/127.0.0.1:2379/ {M}/kube-apiserver.yaml", "kubectl get nodes"],
        done=lambda scene: scene.is_running("kube-apiserver") and "Ready" in scene.seen and "connection refused" in scene.seen,
    ),
    Task(
        "the API server trusts the wrong authority for etcd",
        flavour=MANUAL,
        given=[f"sed -i s,etcd-cafile={PKI}/etcd/ca.crt,etcd-cafile={PKI}/ca.crt, {U}/kube-apiserver.service", "systemctl restart kube-apiserver"],
        typed=["systemctl status kube-apiserver", f"sed -i s,etcd-cafile={PKI}/ca.crt,etcd-cafile={PKI}/etcd/ca.crt, {U}/kube-apiserver.service", "systemctl restart kube-apiserver"],
        done=lambda scene: scene.is_running("kube-apiserver"),
    ),
    Task(
        "a certificate of the API server is gone",
        given=[f"rm {PKI}/apiserver.crt {PKI}/apiserver.key", f"sed -i s/allow-privileged=true/allow-privileged=1/ {M}/kube-apiserver.yaml"],
        typed=["crictl logs kube-apiserver", f"ls {PKI}", "kubeadm init phase certs apiserver"],
        done=lambda scene: scene.is_running("kube-apiserver") and not scene.cluster.server.etcd_fault,
    ),
    Task(
        "nothing heals: the controller manager has the wrong kubeconfig",
        given=[f"sed -i s,/etc/kubernetes/controller-manager.conf,/etc/kubernetes/controller.conf, {M}/kube-controller-manager.yaml", "kubectl create deployment web --image=nginx --replicas=2"],
        typed=["kubectl get deployments", "crictl logs kube-controller-manager", f"sed -i s,/etc/kubernetes/controller.conf,/etc/kubernetes/controller-manager.conf, {M}/kube-controller-manager.yaml"],
        done=lambda scene: scene.replicas("web") == 2,
    ),
    Task(
        "the controller manager knows no such controller",
        flavour=MANUAL,
        given=[f"sed -i 's/--controllers=[^ ]*/--controllers=*,-deploiment/' {U}/kube-controller-manager.service", "systemctl restart kube-controller-manager"],
        objects=DEPLOYMENT,
        typed=["journalctl -u kube-controller-manager | tail -3", f"sed -i 's/--controllers=[^ ]*/--controllers=*/' {U}/kube-controller-manager.service", "systemctl restart kube-controller-manager", "kubectl scale deployment web --replicas=3"],
        done=lambda scene: scene.replicas("web") == 3,
    ),
    Task(
        "images are always to be pulled",
        typed=[f"sed -i s/enable-admission-plugins=NodeRestriction/enable-admission-plugins=NodeRestriction,AlwaysPullImages/ {M}/kube-apiserver.yaml", "kubectl run web --image=nginx:1.27"],
        done=lambda scene: scene.get("Pod", "web").get("spec", {}).get("containers", [{}])[0].get("imagePullPolicy") == "Always",
    ),
    Task(
        "images are always to be pulled, set up by hand",
        flavour=MANUAL,
        typed=[f"sed -i s/enable-admission-plugins=NodeRestriction/enable-admission-plugins=NodeRestriction,AlwaysPullImages/ {U}/kube-apiserver.service", "systemctl restart kube-apiserver"],
        done=_option("kube-apiserver", "AlwaysPullImages"),
    ),
    Task(
        "lost nodes are to be noticed sooner",
        flavour=MANUAL,
        typed=[f"sed -i 's/--leader-elect=true/--leader-elect=true --node-monitor-grace-period=16s/' {U}/kube-controller-manager.service", "systemctl restart kube-controller-manager"],
        done=_option("kube-controller-manager", "--node-monitor-grace-period=16s"),
    ),
    Task(
        "services are to get addresses of another range",
        typed=[f"sed -i s,service-cluster-ip-range=10.96.0.0/12,service-cluster-ip-range=10.50.0.0/16, {M}/kube-apiserver.yaml", "kubectl create service clusterip web --tcp=80"],
        done=lambda scene: scene.get("Service", "web").get("spec", {}).get("clusterIP", "").startswith("10.50."),
    ),
    Task(
        "which range do services get their addresses from",
        typed=["ps aux | grep kube-apiserver | tr ' ' '\\n' | grep service-cluster"],
        done=sees("--service-cluster-ip-range=10.96.0.0/12"),
    ),
    Task(
        "where does etcd keep its data, by hand",
        flavour=MANUAL,
        typed=[f"grep data-dir {U}/etcd.service"],
        done=sees("--data-dir=/var/lib/etcd"),
    ),
    Task(
        "which authorization modes are on, by hand",
        flavour=MANUAL,
        typed=["systemctl cat kube-apiserver | grep authorization-mode"],
        done=sees("--authorization-mode=Node,RBAC"),
    ),
    Task(
        "logs cannot be read: the API server trusts no kubelet",
        objects=WEB,
        given=[f"sed -i 's,    - --kubelet-client-key,    - --kubelet-certificate-authority={PKI}/ca.crt\\n    - --kubelet-client-key,' {M}/kube-apiserver.yaml"],
        typed=["kubectl logs web", f"sed -i /kubelet-certificate-authority/d {M}/kube-apiserver.yaml", "kubectl logs web && echo read"],
        done=sees("certificate signed by unknown authority", "\nread"),
    ),
    Task(
        "a scheduler that packs nodes",
        objects="",
        typed=[
            "cat > /etc/kubernetes/packing.yaml <<EOF\napiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection:\n  kubeconfig: /etc/kubernetes/scheduler.conf\nprofiles:\n- schedulerName: packing\n  pluginConfig:\n  - name: NodeResourcesFit\n    args:\n      scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}\nEOF",
            f"sed -i 's,    - --leader-elect=true,    - --leader-elect=true\\n    - --config=/etc/kubernetes/packing.yaml,' {M}/kube-scheduler.yaml",
            f"sed -i 's,/etc/kubernetes/scheduler.conf\\(.*\\)$,/etc/kubernetes/scheduler.conf\\1,; s,    volumeMounts:,    volumeMounts:\\n    - {{mountPath: /etc/kubernetes/packing.yaml\\, name: packing\\, readOnly: true}},; s,  volumes:,  volumes:\\n  - {{hostPath: {{path: /etc/kubernetes/packing.yaml\\, type: File}}\\, name: packing}},' {M}/kube-scheduler.yaml",
            """kubectl run packed --image=nginx --overrides='{"spec":{"schedulerName":"packing"}}'""",
        ],
        done=runs("packed"),
    ),
]
