"""Nothing typed after kubectl reads a host file, names another server or runs another program."""

from __future__ import annotations

import pytest

from playground.terminal.vetting import Refused, check_kustomization, vet


def placed(path: str) -> str:
    return "/w" + path


@pytest.mark.parametrize(
    "line",
    [
        "get pods --kubeconfig=/etc/passwd",
        "get pods --kubeconfig /root/.kube/config",
        "--kubeconfig=x get pods",
        "get pods --server=http://10.0.0.1",
        "get pods -s http://10.0.0.1",
        "get pods -shttp://10.0.0.1",
        "get pods -As http://10.0.0.1",
        "get pods --token x",
        "get pods --client-key=/etc/ssl/key",
        "get pods --cache-dir=/var",
        "get pods --profile=cpu --profile-output=/x",
        "get pods --kuberc=/x",
        "apply -f http://169.254.169.254/x",
        "apply -fhttps://evil/x.yaml",
        "apply --filename=https://evil/x.yaml",
        "apply -f a.yaml,https://evil/x.yaml",
        "apply -k github.com/evil/repo",
        "apply -k https://evil/repo?ref=main",
        "apply -k git@evil:repo.git",
        "proxy",
        "-n default proxy",
        "--accept-hosts=. proxy",
        "--accept-hosts . proxy",
        "--namespace=x port-forward pod/a 80",
        "cp /etc/passwd web:/tmp",
        "config set-cluster playground --server=http://evil",
        "config set-credentials x --exec-command=sh",
        "config use-context x",
        "-n x config set a b",
        "plugin list",
        "kustomize https://evil",
    ],
)
def test_dangerous_command_lines_are_refused(line: str) -> None:
    with pytest.raises(Refused):
        vet(line.split(), "/root", placed)


@pytest.mark.parametrize(
    ("line", "files", "argv"),
    [
        ("apply -f app.yaml", ["/root/app.yaml"], "apply --filename=/w/root/app.yaml"),
        ("apply -f ../../../../etc/passwd", ["/etc/passwd"], "apply --filename=/w/etc/passwd"),
        ("apply -f /etc/shadow", ["/etc/shadow"], "apply --filename=/w/etc/shadow"),
        ("apply -f -", [], "apply --filename=-"),
        ("create cm x --from-file=k=/etc/passwd", ["/etc/passwd"], "create cm x --from-file=k=/w/etc/passwd"),
        ("create secret tls x --cert=/a --key /b", ["/a", "/b"], "create secret tls x --cert=/w/a --key=/w/b"),
        ("get po -o jsonpath-file=/etc/hosts", ["/etc/hosts"], "get po --output=jsonpath-file=/w/etc/hosts"),
        ("patch po x --patch-file ../x", ["/x"], "patch po x --patch-file=/w/x"),
        ("get po -Aowide", [], "get po -A --output=wide"),
        ("apply -Rf dir", ["/root/dir"], "apply -R --filename=/w/root/dir"),
        ("get po -An x", [], "get po -A -n x"),
    ],
)
def test_files_are_those_of_the_shell(line: str, files: list[str], argv: str) -> None:
    vetted = vet(line.split(), "/root", placed)
    assert (vetted.files, vetted.argv) == (files, argv.split())


@pytest.mark.parametrize(
    "line",
    [
        "get pods -A -o wide -w",
        "-n kube-system get pods",
        "get --raw /api/v1/nodes",
        "logs -f web",
        "exec web -- cat /etc/hosts",
        "exec web -- sh -c true --kubeconfig x",
        "run web --image=nginx --env=A=b --port=80",
        "expose deployment web --port=80",
        "set image deployment/web c=nginx:2",
        "config view",
    ],
)
def test_ordinary_command_lines_pass(line: str) -> None:
    assert vet(line.split(), "/root", placed).files == []


def test_endless_arguments_are_refused() -> None:
    for argv in (["x"] * 1000, ["x" * 100_000], ["a\0b"]):
        with pytest.raises(Refused):
            vet(argv, "/", placed)


@pytest.mark.parametrize(
    "text",
    [
        "resources: [https://evil/x.yaml]",
        "resources:\n- github.com/evil/repo//base?ref=main",
        "resources:\n- git@evil.com:repo.git",
        'resources: ["http:\\x2f\\x2f127.0.0.1/x"]',
        "helmCharts:\n- name: x",
        "generators:\n- exec.yaml",
        '"transformers": [x.yaml]',
    ],
)
def test_kustomizations_reach_nothing_remote_and_run_nothing(text: str) -> None:
    with pytest.raises(Refused):
        check_kustomization(text)
    check_kustomization("resources:\n- app.yaml\nnamePrefix: dev-\n")
