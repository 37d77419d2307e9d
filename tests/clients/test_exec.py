"""kubectl exec, cp and attach, by the real kubectl over websockets."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def box(kubectl: Kubectl) -> Iterator[str]:
    assert not kubectl("run", "execbox", "--image=busybox", "--", "sleep", "36000").returncode
    ready = kubectl("wait", "--for=condition=Ready", "pod/execbox", "--timeout=60s", seconds=90)
    assert not ready.returncode, ready.stderr
    yield "execbox"
    kubectl("delete", "pod", "execbox", "--grace-period=0", "--force")


def test_output_and_errors_come_on_their_own_streams(kubectl: Kubectl, box: str) -> None:
    done = kubectl("exec", box, "--", "sh", "-c", "echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


def test_the_exit_code_of_the_command_becomes_that_of_kubectl(kubectl: Kubectl, box: str) -> None:
    done = kubectl("exec", box, "--", "sh", "-c", "exit 3")
    assert (done.returncode, done.stderr) == (3, "command terminated with exit code 3\n")


def test_a_command_reads_the_input_of_kubectl(kubectl: Kubectl, box: str) -> None:
    assert kubectl("exec", "-i", box, "--", "wc", "-l", stdin="a\nb\nc\n").stdout.split() == ["3"]


def test_a_shell_runs_the_lines_it_is_given_one_after_the_other(kubectl: Kubectl, box: str) -> None:
    script = "cd /etc\nX=5\nfor i in 1 2\ndo\necho $i\ndone\npwd; echo $X; exit 4\necho never\n"
    done = kubectl("exec", "-i", box, "--", "sh", stdin=script)
    assert (done.stdout, done.returncode) == ("1\n2\n/etc\n5\n", 4), done.stderr


def test_a_program_the_image_has_not_got_is_the_runtimes_error(kubectl: Kubectl, box: str) -> None:
    done = kubectl("exec", box, "--", "nosuch")
    assert done.returncode == 1
    assert 'exec: "nosuch": executable file not found in $PATH' in done.stderr


def test_a_pod_that_is_not_there_is_not_found(kubectl: Kubectl, box: str) -> None:
    assert kubectl("exec", "absent", "--", "ls").stderr == 'Error from server (NotFound): pods "absent" not found\n'


def test_who_may_not_create_pods_exec_is_told_so(kubectl: Kubectl, box: str) -> None:
    refused = kubectl("exec", box, "--as=eve", "--", "ls").stderr
    assert "Forbidden" in refused
    kubectl("create", "role", "looker", "--verb=get", "--resource=pods,pods/exec")
    kubectl("create", "rolebinding", "looker", "--role=looker", "--user=eve")
    refused = kubectl("exec", box, "--as=eve", "--", "ls").stderr
    assert 'cannot create resource "pods/exec"' in refused


def test_files_are_copied_in_and_out_unchanged(kubectl: Kubectl, box: str, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    (tmp_path / "there").write_bytes(content)
    assert not kubectl("cp", str(tmp_path / "there"), f"{box}:/tmp/there").returncode
    assert not kubectl("cp", f"{box}:/tmp/there", str(tmp_path / "back")).returncode
    assert (tmp_path / "back").read_bytes() == content


def test_a_directory_is_copied_and_what_is_written_stays(kubectl: Kubectl, box: str, tmp_path: Path) -> None:
    (tmp_path / "site" / "sub").mkdir(parents=True)
    (tmp_path / "site" / "sub" / "page").write_text("hello\n")
    copied = kubectl("cp", str(tmp_path / "site"), f"{box}:/data")
    assert not copied.returncode, copied.stderr
    kubectl("exec", box, "--", "sh", "-c", "echo more >> /data/sub/page")
    assert kubectl("exec", box, "--", "cat", "/data/sub/page").stdout == "hello\nmore\n"


def test_attaching_shows_what_the_container_writes(kubectl: Kubectl) -> None:
    kubectl("run", "ticker", "--image=busybox", "--restart=Never", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1; echo tick $i; done")
    kubectl("wait", "--for=condition=Ready", "pod/ticker", "--timeout=60s", seconds=90)
    done = kubectl("attach", "ticker", seconds=40)
    assert "tick 8\n" in done.stdout, done.stderr
    kubectl("delete", "pod", "ticker", "--grace-period=0", "--force")


def test_a_shell_that_is_run_and_left_takes_its_pod_along(kubectl: Kubectl) -> None:
    done = kubectl("run", "-i", "--rm", "shortly", "--image=busybox", "--restart=Never", "--", "sh", stdin="echo piped; exit 3")
    assert done.returncode == 3, done.stderr
    assert 'pod "shortly" deleted' in done.stdout
    assert "piped\n" in done.stdout


PROBED = """
apiVersion: v1
kind: Pod
metadata: {name: probed}
spec:
  containers:
  - name: c
    image: busybox
    args: [sh, -c, "touch /tmp/healthy; sleep 36000"]
    readinessProbe: {exec: {command: [cat, /tmp/healthy]}, periodSeconds: 1}
"""


def test_probes_notice_what_was_done_in_their_container(kubectl: Kubectl) -> None:
    assert not kubectl("apply", "-f", "-", stdin=PROBED).returncode
    assert not kubectl("wait", "--for=condition=Ready", "pod/probed", "--timeout=60s", seconds=90).returncode
    kubectl("exec", "probed", "--", "rm", "/tmp/healthy")
    gone = kubectl("wait", "--for=condition=Ready=false", "pod/probed", "--timeout=30s", seconds=40)
    assert not gone.returncode, gone.stderr
    kubectl("exec", "probed", "--", "touch", "/tmp/healthy")
    assert not kubectl("wait", "--for=condition=Ready", "pod/probed", "--timeout=30s", seconds=40).returncode
    kubectl("delete", "pod", "probed", "--grace-period=0", "--force")


def test_without_an_upgrade_exec_is_refused(kubectl: Kubectl, box: str) -> None:
    path = f"/api/v1/namespaces/default/pods/{box}/exec?command=ls&stdout=true"
    assert "Upgrade request required" in kubectl("get", "--raw", path).stderr
