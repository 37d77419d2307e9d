"""Helm 3 and 4 with a chart of our own: install, upgrade, roll back, test, uninstall."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import helm as helm_tool

pytestmark = pytest.mark.slow

CHART = str(Path(__file__).parent / "chart")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["3", "4"])
def version(request: pytest.FixtureRequest) -> str:
    if not helm_tool.available():
        pytest.skip("no package of Helm for this kind of machine")
    return str(request.param)


@pytest.fixture
def helm(version: str, secure_kubeconfig: Path, tmp_path: Path) -> Run:
    """Runs Helm by HTTPS in a home of its own: helm("list")."""
    environment = {**os.environ, "KUBECONFIG": str(secure_kubeconfig), "HOME": str(tmp_path)}
    binary = helm_tool.FOLDER / version / "helm"

    def run(*words: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([binary, *words], capture_output=True, text=True, timeout=120, env=environment)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def release(version: str) -> str:
    return f"shop{version}"


def read(kubectl: Run, *words: str) -> str:
    done = kubectl(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_release_is_installed_upgraded_rolled_back_tested_and_uninstalled(
    helm: Run, kubectl: Run, release: str, version: str
) -> None:
    wait = ("-n", "default", "--wait", "--timeout", "90s")
    installed = helm("install", release, CHART, *wait).stdout
    assert "STATUS: deployed" in installed and f"{release} says hello." in installed
    ready = ("get", "deployment", release, "-n", "default", "-o", "jsonpath={.status.readyReplicas}")
    greeting = ("get", "configmap", f"{release}-config", "-n", "default", "-o", "jsonpath={.data.greeting}")
    assert (read(kubectl, *ready), read(kubectl, *greeting)) == ("2", "hello")
    assert read(kubectl, "get", "configmap", f"{release}-config", "-n", "default", "-o", "jsonpath={.data}").count("v1.36.2") == 1
    assert read(kubectl, "get", "jobs", "-n", "default", "-o", "name") == "", "the hook's job is gone"

    helm("upgrade", release, CHART, "--set", "replicas=3,greeting=hi", *wait)
    assert (read(kubectl, *ready), read(kubectl, *greeting)) == ("3", "hi")
    helm("rollback", release, "1", *wait)
    assert read(kubectl, *greeting) == "hello"
    history = json.loads(helm("history", release, "-n", "default", "-o", "json").stdout)
    assert [entry["status"] for entry in history] == ["superseded", "superseded", "deployed"]
    assert [entry["description"] for entry in history][-1] == "Rollback to 1"

    assert "Succeeded" in helm("test", release, "-n", "default", "--timeout", "60s").stdout
    assert json.loads(helm("list", "-n", "default", "-o", "json").stdout)[0]["name"] == release
    assert "kind: Deployment" in helm("get", "manifest", release, "-n", "default").stdout

    assert "uninstalled" in helm("uninstall", release, *wait).stdout
    kinds = "deployments,services,ingresses,configmaps,roles,rolebindings,serviceaccounts"
    assert release not in read(kubectl, "get", kinds, "-n", "default", "-o", "name")


def test_a_chart_that_the_server_refuses_leaves_a_failed_release(helm: Run, kubectl: Run, release: str) -> None:
    failed = helm("install", f"{release}-bad", CHART, "-n", "default", "--set", "image=nginx,replicas=-1", "--no-hooks", fails=True)
    assert "must be greater than or equal to 0" in failed.stderr
    found = json.loads(helm("list", "-n", "default", "--failed", "-o", "json").stdout)
    assert [entry["name"] for entry in found] == [f"{release}-bad"]
    helm("uninstall", f"{release}-bad", "-n", "default", "--no-hooks")


def test_upgrading_what_another_changed_keeps_what_the_chart_does_not_say(helm: Run, kubectl: Run, release: str) -> None:
    name = f"{release}-kept"
    helm("install", name, CHART, "-n", "default", "--no-hooks")
    assert kubectl("label", "deployment", name, "-n", "default", "team=blue").returncode == 0
    helm("upgrade", name, CHART, "-n", "default", "--no-hooks", "--set", "greeting=moin")
    assert read(kubectl, "get", "deployment", name, "-n", "default", "-o", "jsonpath={.metadata.labels.team}") == "blue"
    helm("uninstall", name, "-n", "default", "--no-hooks")


def test_a_template_is_checked_against_the_server_without_changing_it(helm: Run, kubectl: Run, release: str) -> None:
    shown = helm("install", release, CHART, "-n", "default", "--dry-run=server").stdout
    assert 'existing: "kube-system"' in shown, "lookup reads the cluster"
    assert read(kubectl, "get", "configmap", "-n", "default", "-o", "name").count(release) == 0
