"""A kopf operator as a process of its own, working on custom resources."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
OPERATOR = Path(__file__).with_name("operator_of_boxes.py")
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.test.example.com}
spec:
  group: test.example.com
  scope: Namespaced
  names: {plural: boxes, singular: box, kind: Box, shortNames: [bx]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {size: {type: integer, minimum: 1, default: 1}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
BOX = """
apiVersion: test.example.com/v1
kind: Box
metadata: {name: one, namespace: boxes}
spec: {size: 2}
"""


@pytest.fixture
def operator(kubectl: Kubectl, secure_kubeconfig: Path, tmp_path: Path) -> Iterator[Path]:
    """Runs while the test does; answers its log."""
    applied = kubectl("apply", "-f", "-", stdin=DEFINITION)
    assert applied.returncode == 0, applied.stderr
    established = kubectl("wait", "--for=condition=Established", "crd/boxes.test.example.com", "--timeout=20s")
    assert established.returncode == 0, established.stderr
    kubectl("create", "namespace", "boxes")
    environment = {**os.environ, "KUBECONFIG": str(secure_kubeconfig), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "kopf", "run", "--namespace=boxes", "--standalone", str(OPERATOR)]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
        kubectl("delete", "namespace", "boxes", "--wait=false")
        kubectl("delete", "crd", "boxes.test.example.com", "--wait=false")


def until(kubectl: Kubectl, log: Path, wanted: str, *words: str) -> None:
    """kubectl prints this before long."""
    end = time.monotonic() + 30
    while (done := kubectl(*words)).stdout.strip() != wanted:
        assert time.monotonic() < end, f"{done.stdout}{done.stderr}\n{log.read_text()[-3000:]}"


def test_an_operator_creates_follows_and_cleans_up(operator: Path, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=BOX)
    size = ("get", "configmap", "box-one", "-n", "boxes", "-o", "jsonpath={.data.size}")
    until(kubectl, operator, "2", *size)
    until(kubectl, operator, "2", "get", "box", "one", "-n", "boxes", "-o", "jsonpath={.status.create.size}")
    finalizers = kubectl("get", "bx", "one", "-n", "boxes", "-o", "jsonpath={.metadata.finalizers[0]}").stdout
    assert finalizers == "test.example.com/cleaning"
    kubectl("patch", "box", "one", "-n", "boxes", "--type=merge", "-p", '{"spec":{"size":5}}')
    until(kubectl, operator, "5", *size)
    deleted = kubectl("delete", "box", "one", "-n", "boxes", "--timeout=30s")
    assert deleted.returncode == 0, deleted.stderr + operator.read_text()[-3000:]
    until(kubectl, operator, "configmap/cleaned-one", "get", "configmap", "cleaned-one", "-n", "boxes", "-o", "name")
    until(kubectl, operator, "", "get", "configmap", "box-one", "-n", "boxes", "--ignore-not-found", "-o", "name")
    assert "Logging" in kubectl("get", "events", "-n", "boxes").stdout, "the operator posts its messages as events"
