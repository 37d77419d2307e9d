"""etcd: read, written to, backed up, lost and restored, by both of its interfaces."""

from __future__ import annotations

from tests.tasks.controlplane import M, U, sees
from tests.tasks.scene import MANUAL, Task

SAVE = "etcdctl snapshot save /root/backup.db"
PAPERS = "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"

TASKS = [
    Task(
        "etcd is backed up",
        typed=[f"ETCDCTL_API=3 etcdctl {PAPERS} snapshot save /root/backup.db", "etcdutl snapshot status /root/backup.db -w table"],
        done=lambda scene: "TOTAL KEYS" in scene.seen and bool(scene.file("/root/backup.db")),
    ),
    Task(
        "everything is lost and comes back from a snapshot",
        given=["kubectl create namespace mine", SAVE, "etcdctl del /registry --prefix"],
        typed=[
            "etcdutl snapshot restore /root/backup.db --data-dir /var/lib/etcd-restored",
            f"sed -i 's,path: /var/lib/etcd$,path: /var/lib/etcd-restored,' {M}/etcd.yaml",
            "kubectl get namespaces",
        ],
        done=lambda scene: bool(scene.get("Namespace", "mine")) and scene.is_ready() and "mine" in scene.seen,
    ),
    Task(
        "a snapshot is restored into the old place",
        given=["kubectl create namespace mine", SAVE, "kubectl delete namespace mine"],
        typed=[
            f"mv {M}/etcd.yaml {M}/kube-apiserver.yaml /root/",
            "mv /var/lib/etcd /root/etcd-old",
            "etcdutl snapshot restore /root/backup.db --data-dir /var/lib/etcd",
            f"mv /root/etcd.yaml /root/kube-apiserver.yaml {M}/",
        ],
        done=lambda scene: bool(scene.get("Namespace", "mine")) and not scene.cluster.server.etcd_fault,
    ),
    Task(
        "a snapshot is restored, set up by hand",
        flavour=MANUAL,
        given=["kubectl create namespace mine", SAVE, "kubectl delete namespace mine"],
        typed=[
            "systemctl stop kube-apiserver etcd",
            "etcdutl snapshot restore /root/backup.db --data-dir /var/lib/etcd2",
            f"sed -i s,data-dir=/var/lib/etcd,data-dir=/var/lib/etcd2, {U}/etcd.service",
            "systemctl daemon-reload && systemctl start etcd kube-apiserver",
        ],
        done=lambda scene: bool(scene.get("Namespace", "mine")) and not scene.cluster.server.etcd_fault,
    ),
    Task(
        "etcd's directory is backed up the old way and restored",
        flavour=MANUAL,
        given=["kubectl create namespace mine", "ETCDCTL_API=2 etcdctl backup --data-dir /var/lib/etcd --backup-dir /root/backup", "kubectl delete namespace mine"],
        typed=[
            "systemctl stop etcd",
            "rm -rf /var/lib/etcd && cp -r /root/backup /var/lib/etcd",
            "systemctl start etcd",
        ],
        done=lambda scene: bool(scene.get("Namespace", "mine")) and not scene.cluster.server.etcd_fault,
    ),
    Task(
        "the old backup is made",
        typed=["ETCDCTL_API=2 etcdctl backup --data-dir /var/lib/etcd --backup-dir /root/backup", "ls -R /root/backup"],
        done=lambda scene: bool(scene.file("/root/backup/member/snap/db")),
    ),
    Task(
        "where does a pod lie in etcd",
        given=["kubectl run web --image=nginx"],
        typed=["etcdctl get /registry/pods/default --prefix --keys-only"],
        done=sees("/registry/pods/default/web"),
    ),
    Task(
        "an object is removed behind the API server's back",
        given=["kubectl create configmap doomed"],
        typed=["etcdctl del /registry/configmaps/default/doomed", "kubectl get configmap doomed"],
        done=lambda scene: not scene.get("ConfigMap", "doomed") and "NotFound" in scene.seen,
    ),
    Task(
        "a key is written only if it is not there",
        typed=["etcdctl txn <<EOF\nver(\"/mine\") = \"0\"\n\nput /mine first\n\nget /mine\nEOF", "etcdctl get /mine --print-value-only"],
        done=lambda scene: "SUCCESS" in scene.seen and bool(scene.cluster.store.get("/mine")),
    ),
    Task(
        "is etcd well, and who is its member",
        typed=["etcdctl endpoint health", "etcdctl member list -w table"],
        done=sees("is healthy", "| started | control-plane"),
    ),
    Task(
        "etcd is asked with the wrong papers, then with the right ones",
        typed=["etcdctl --cacert=/etc/kubernetes/pki/ca.crt endpoint health", f"etcdctl {PAPERS} endpoint health"],
        done=sees("context deadline exceeded", "is healthy"),
    ),
    Task(
        "the tree of the older interface",
        typed=["export ETCDCTL_API=2", "etcdctl mkdir /exam", "etcdctl set /exam/answer 42", "etcdctl ls /exam"],
        done=lambda scene: bool(scene.cluster.store.get("/exam/answer")) and "/exam/answer" in scene.seen,
    ),
    Task(
        "etcd does not start: its certificate is the wrong one",
        given=[f"sed -i s,cert-file=/etc/kubernetes/pki/etcd/server.crt,cert-file=/etc/kubernetes/pki/etcd/peer.crt, {M}/etcd.yaml"],
        typed=["crictl logs etcd", f"sed -i 's,--cert-file=/etc/kubernetes/pki/etcd/peer.crt,--cert-file=/etc/kubernetes/pki/etcd/server.crt,' {M}/etcd.yaml", "kubectl get nodes"],
        done=lambda scene: scene.is_running("etcd") and "Ready" in scene.seen,
    ),
]
