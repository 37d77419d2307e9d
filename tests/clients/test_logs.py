"""Logs that go on, by kubectl and over a websocket."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import websocket
import yaml

pytestmark = pytest.mark.slow
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def talker(kubectl: Kubectl) -> Iterator[str]:
    script = "for i in 1 2 3 4 5 6; do echo line $i; sleep 1; done"
    assert not kubectl("run", "talker", "--image=busybox", "--restart=Never", "--", "sh", "-c", script).returncode
    yield "talker"
    kubectl("delete", "pod", "talker", "--grace-period=0", "--force")


def connect(kubeconfig: Path, path: str, protocol: str) -> websocket.WebSocket:
    server = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    url = server.replace("http", "ws", 1) + path
    return websocket.create_connection(url, subprotocols=[protocol], timeout=30, sslopt={"cert_reqs": ssl.CERT_NONE})


def received(socket: websocket.WebSocket) -> list[bytes]:
    found = []
    with contextlib.closing(socket.sock), contextlib.suppress(websocket.WebSocketConnectionClosedException):
        while data := socket.recv():
            found.append(data if isinstance(data, bytes) else data.encode())
    return found


def test_a_followed_log_goes_on_until_the_container_ends(kubectl: Kubectl, talker: str) -> None:
    kubectl("wait", "--for=jsonpath={.status.phase}=Running", f"pod/{talker}", "--timeout=60s")
    followed = kubectl("logs", "-f", talker)
    assert followed.stdout.splitlines() == [f"line {number}" for number in range(1, 7)], followed.stderr


def test_a_log_comes_over_a_websocket_too(kubectl: Kubectl, kubeconfig: Path, talker: str) -> None:
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{talker}", "--timeout=60s")
    socket = connect(kubeconfig, f"/api/v1/namespaces/default/pods/{talker}/log", "binary.k8s.io")
    assert b"".join(received(socket)).startswith(b"line 1\nline 2\n")


def test_the_oldest_protocol_of_exec_has_text_for_an_error_and_nothing_for_success(kubectl: Kubectl, kubeconfig: Path) -> None:
    assert not kubectl("run", "oldbox", "--image=busybox", "--", "sleep", "36000").returncode
    kubectl("wait", "--for=condition=Ready", "pod/oldbox", "--timeout=60s")
    path = "/api/v1/namespaces/default/pods/oldbox/exec?stdout=1&stderr=1&command="
    frames = received(connect(kubeconfig, path + "echo&command=hello", "channel.k8s.io"))
    assert b"\x01hello\n" in frames
    assert all(len(frame) == 1 for frame in frames if frame[:1] != b"\x01")
    frames = received(connect(kubeconfig, path + "false", "channel.k8s.io"))
    assert any(frame.startswith(b"\x03command terminated with non-zero exit code") for frame in frames)
    kubectl("delete", "pod", "oldbox", "--grace-period=0", "--force")
