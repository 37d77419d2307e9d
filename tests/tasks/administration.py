"""What else an administrator does: rights, quotas, storage, images, rollouts, kubeconfigs."""

from __future__ import annotations

from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.request import User
from tests.tasks.controlplane import DEPLOYMENT, WEB, runs, sees
from tests.tasks.scene import Scene, Task


def allowed(user: str, verb: str, resource: str, group: str = ""):  # type: ignore[no-untyped-def]
    """Whether the user may do this in the namespace default."""

    def holds(scene: Scene) -> bool:
        who = User(user, ("system:authenticated",))
        return scene.cluster.server.authorizer.decide(who, Action(verb, group, resource, "", "default")).allowed

    return holds


QUOTA = "\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few}\nspec: {hard: {pods: '1'}}\n"
VOLUME = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: manual, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: d, mountPath: /data}]}]
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
"""

TASKS = [
    Task("a deployment's image does not exist", objects=DEPLOYMENT.replace("image: nginx", "image: nginx:latst"), typed=["kubectl get pods", "kubectl set image deployment/web c=nginx:1.27", "kubectl rollout status deployment/web --timeout=60s"], done=lambda scene: scene.replicas("web") == 2),
    Task("a bad rollout is undone", objects=DEPLOYMENT, given=["kubectl set image deployment/web c=nginx:broken-typo"], typed=["kubectl rollout history deployment/web", "kubectl rollout undo deployment/web"], done=lambda scene: scene.get("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx" and scene.replicas("web") == 2),
    Task("a quota keeps pods away", objects=QUOTA + "---" + DEPLOYMENT, typed=["kubectl describe quota few", "kubectl get events", """kubectl patch quota few -p '{"spec":{"hard":{"pods":"5"}}}'""", "kubectl rollout restart deployment web"], done=lambda scene: scene.replicas("web") == 2),
    Task("a volume for a waiting claim", objects=VOLUME, typed=["kubectl get pvc", "kubectl apply -f - <<EOF\napiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: disk\nspec:\n  storageClassName: manual\n  capacity: {storage: 2Gi}\n  accessModes: [ReadWriteOnce]\n  hostPath: {path: /mnt/disk}\nEOF"], done=runs("db")),
    Task("somebody may read pods", typed=["kubectl create role reader --verb=get,list --resource=pods", "kubectl create rolebinding jane --role=reader --user=jane", "kubectl auth can-i list pods --as jane"], done=allowed("jane", "list", "pods")),
    Task("a service account may do its work", given=["kubectl create serviceaccount bot"], typed=["kubectl create role deployer --verb=create,update --resource=deployments", "kubectl create rolebinding bot --role=deployer --serviceaccount=default:bot"], done=allowed("system:serviceaccount:default:bot", "create", "deployments", "apps")),
    Task(
        "a new colleague gets a certificate",
        typed=[
            "openssl genrsa -out jane.key 2048",
            "openssl req -new -key jane.key -subj /CN=jane/O=devs -out jane.csr",
            "kubectl apply -f - <<EOF\napiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata:\n  name: jane\nspec:\n  request: $(base64 -w0 jane.csr)\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\nEOF",
            "kubectl certificate approve jane",
            "kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d > jane.crt",
            "kubectl create clusterrolebinding jane --clusterrole=view --user=jane",
            "kubectl config set-credentials jane --client-certificate=jane.crt --client-key=jane.key --embed-certs",
            "kubectl config set-context jane --cluster=kubernetes --user=jane",
            "kubectl --context=jane auth whoami",
            "kubectl --context=jane auth can-i list pods",
            "kubectl --context=jane auth can-i delete pods",
        ],
        done=sees("Username    jane", "\nyes\n", "\nno\n"),
    ),
    Task("a kubeconfig leads to the wrong port", given=["sed -i s/:6443/:6433/ /root/.kube/config"], typed=["kubectl get nodes", "kubectl config view", "kubectl config set-cluster kubernetes --server=https://172.18.0.2:6443", "kubectl get nodes"], done=sees("6433 was refused", "control-plane")),
    Task("the administrator's kubeconfig is gone", given=["rm /root/.kube/config /etc/kubernetes/admin.conf"], typed=["kubeadm init phase kubeconfig admin", "cp /etc/kubernetes/admin.conf /root/.kube/config", "kubectl get nodes"], done=lambda scene: bool(scene.file("/etc/kubernetes/admin.conf")) and "Ready" in scene.seen),
    Task("work in a namespace of one's own", given=["kubectl create namespace dev"], typed=["kubectl config set-context --current --namespace=dev", "kubectl run web --image=nginx"], done=lambda scene: scene.phase("web", "dev") == "Running"),
    Task("a taint keeps a pod away", given=["kubectl taint nodes node-1 node-2 gpu=yes:NoSchedule"], objects="", typed=["kubectl run web --image=nginx", "kubectl describe pod web", "kubectl taint nodes node-1 gpu-"], done=runs("web")),
    Task("a pod asks for too much", objects=WEB.replace("image: nginx", "image: nginx, resources: {requests: {cpu: '40'}}"), typed=["kubectl describe pod web", "kubectl get pod web -o yaml | sed 's/cpu: \"40\"/cpu: 100m/' > web.yaml", "kubectl replace --force -f web.yaml"], done=runs("web")),
    Task("a container falls over for want of a setting", objects=WEB.replace("image: nginx", "image: nginx, envFrom: [{configMapRef: {name: settings}}]"), typed=["kubectl describe pod web", "kubectl create configmap settings --from-literal=mode=fast"], done=runs("web")),
    Task("a deployment grows with a command", objects=DEPLOYMENT, typed=["kubectl scale deployment web --replicas=4"], done=lambda scene: scene.replicas("web") == 4),
    Task("what is there to be upgraded", typed=["kubeadm upgrade plan"], done=sees("kube-apiserver", "v1.36.2")),
]
