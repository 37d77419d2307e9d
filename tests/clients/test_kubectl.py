"""kubectl v1.37, command by command, against a running cluster: what a learner types and what they then read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: applied}
spec:
  replicas: 2
  selector: {matchLabels: {app: applied}}
  template:
    metadata: {labels: {app: applied}}
    spec:
      containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: applied}
spec: {selector: {app: applied}, ports: [{port: 80}]}
"""

SETTLE = ("", "")
"""Not a command: the cluster comes to rest."""

STEPS: list[tuple[str, str]] = [
    ("version", r"Server Version: v1\.36"),
    ("cluster-info", r"control plane.* is running"),
    ("api-resources", r"deployments +deploy +apps/v1 +true +Deployment"),
    ("api-versions", r"^apps/v1$"),
    ("explain pod.spec.containers.image", r"FIELD: image <string>"),
    ("explain deployment --recursive", r"progressDeadlineSeconds"),
    ("get nodes", r"node-1 +Ready +<none> +\S+ +v1\.36"),
    ("get nodes -o wide", r"containerd://"),
    ("get pods -n kube-system", r"kube-apiserver-\S+ +1/1 +Running"),
    ("create namespace team", r"namespace/team created"),
    ("config set-context --current --namespace=team", r"modified"),
    ("create deployment web --image=nginx --replicas=3", r"deployment.apps/web created"),
    ("rollout status deployment/web --timeout=60s", r"successfully rolled out"),
    ("get deployment web", r"web +3/3 +3 +3"),
    ("get deployment web -o jsonpath={.status.readyReplicas}", r"^3$"),
    ("get pods -l app=web -o name", r"pod/web-\w+-\w+"),
    ("get pods --field-selector=status.phase=Running -o wide", r"web-\S+ +1/1 +Running +0 +\S+ +10\.244\."),
    ("get pods -o yaml", r"kind: List"),
    ("get all", r"replicaset.apps/web-"),
    ("describe deployment web", r"Scaled up replica set web-\w+ from 0 to 3"),
    ("describe node node-1", r"Capacity:"),
    ("expose deployment web --port=80 --target-port=80", r"service/web exposed"),
    ("get service web", r"web +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80/TCP"),
    SETTLE,
    ("get endpointslices -l kubernetes.io/service-name=web", r"web-\w+ +IPv4 +80"),
    ("scale deployment web --replicas=5", r"deployment.apps/web scaled"),
    ("wait --for=jsonpath={.status.readyReplicas}=5 deployment/web --timeout=60s", r"condition met"),
    ("set image deployment/web nginx=nginx:1.27", r"image updated"),
    ("rollout status deployment/web --timeout=90s", r"successfully rolled out"),
    ("rollout history deployment/web", r"^2 "),
    ("rollout undo deployment/web", r"rolled back"),
    ("rollout status deployment/web --timeout=90s", r"successfully rolled out"),
    ("rollout pause deployment/web", r"paused"),
    ("rollout resume deployment/web", r"resumed"),
    ("rollout restart deployment/web", r"restarted"),
    ("rollout status deployment/web --timeout=90s", r"successfully rolled out"),
    ("label deployment web tier=front", r"labeled"),
    ("annotate deployment web note=hello", r"annotated"),
    ("get deployment web --show-labels", r"tier=front"),
    ("patch deployment web -p {\"spec\":{\"replicas\":2}}", r"patched"),
    ("patch deployment web --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3}]", r"patched"),
    ("autoscale deployment web --min=2 --max=5 --cpu=80%", r"autoscaled"),
    ("run single --image=nginx --labels=run=single", r"pod/single created"),
    ("wait --for=condition=Ready pod/single --timeout=60s", r"condition met"),
    ("logs single", r"nginx|start worker|Configuration complete"),
    ("create configmap settings --from-literal=a=b", r"configmap/settings created"),
    ("create secret generic password --from-literal=a=b", r"secret/password created"),
    ("get secret password -o jsonpath={.data.a}", r"^Yg==$"),
    ("create job once --image=busybox -- echo hello", r"job.batch/once created"),
    ("wait --for=condition=complete job/once --timeout=60s", r"condition met"),
    ("logs job/once", r"hello"),
    ("create cronjob often --image=busybox --schedule=*/5\\u0020*\\u0020*\\u0020*\\u0020* -- date", r"created"),
    ("create serviceaccount robot", r"created"),
    ("create role reader --verb=get,list --resource=pods", r"created"),
    ("create rolebinding robot --role=reader --serviceaccount=team:robot", r"created"),
    ("auth can-i list pods --as=system:serviceaccount:team:robot", r"^yes"),
    ("create quota small --hard=pods=50", r"created"),
    ("create poddisruptionbudget web --selector=app=web --min-available=1", r"created"),
    ("get events", r"SuccessfulCreate"),
    ("events", r"Scheduled"),
    ("cordon node-2", r"node/node-2 cordoned"),
    ("drain node-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=90s", r"node/node-2 drained"),
    ("uncordon node-2", r"node/node-2 uncordoned"),
    ("taint node node-3 dedicated=gpu:NoSchedule", r"tainted"),
    ("get --raw /healthz", r"^ok$"),
    ("run last --image=nginx", r"created"),
    ("delete pod last", r"deleted"),
    ("delete deployment,service web", r"deleted"),
    ("delete namespace team --timeout=90s", r'namespace "team" deleted'),
    ("config set-context --current --namespace=default", r"modified"),
]


def words_of(line: str) -> list[str]:
    return [word.replace("\\u0020", " ") for word in line.split(" ")]


def test_the_commands_of_a_course(kubectl: Kubectl, settle: Callable[[], None]) -> None:
    failures = []
    for line, expected in STEPS:
        if not line:
            settle()
            continue
        done = kubectl(*words_of(line), seconds=120)
        if done.returncode or not re.search(expected, done.stdout, re.M):
            failures.append(f"kubectl {line}\n  wanted {expected}\n  exit {done.returncode}: {done.stdout[-400:]}{done.stderr[-600:]}")
    assert not failures, f"{len(failures)} of {len(STEPS)}:\n" + "\n".join(failures)


def test_apply_diff_replace_and_delete_a_manifest(kubectl: Kubectl) -> None:
    assert "deployment.apps/applied created" in kubectl("apply", "-f", "-", stdin=WEB).stdout
    again = kubectl("apply", "-f", "-", stdin=WEB)
    assert again.stdout.count("unchanged") == 2, again.stdout + again.stderr
    changed = WEB.replace("replicas: 2", "replicas: 3")
    assert "+  replicas: 3" in kubectl("diff", "-f", "-", stdin=changed).stdout
    assert "deployment.apps/applied configured" in kubectl("apply", "-f", "-", stdin=changed).stdout
    assert "serverside-applied" in kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=WEB).stdout
    assert "replaced" in kubectl("replace", "-f", "-", stdin=WEB).stdout
    dry = kubectl("apply", "--dry-run=server", "-f", "-", stdin=changed)
    assert "(server dry run)" in dry.stdout, dry.stderr
    assert kubectl("delete", "-f", "-", stdin=WEB).stdout.count("deleted") == 2


def test_watching_shows_a_pod_come_up(kubectl: Kubectl) -> None:
    kubectl("run", "watched", "--image=nginx")
    done = kubectl("get", "pod", "watched", "--watch", "--request-timeout=6s")
    assert re.search(r"watched +1/1 +Running", done.stdout), done.stdout + done.stderr
    kubectl("delete", "pod", "watched", "--now")


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, imag: y}]}", "unknown field"),
        ("apiVersion: apps/v9\nkind: Deployment\nmetadata: {name: x}", "no matches for kind"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: nginx}]}", "RFC 1123"),
        ("kind: [", "error converting YAML to JSON"),
    ],
)
def test_a_bad_manifest_says_what_is_wrong(kubectl: Kubectl, manifest: str, complaint: str) -> None:
    done = kubectl("apply", "-f", "-", stdin=manifest)
    assert done.returncode == 1
    assert complaint in done.stderr
