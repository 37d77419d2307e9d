"""What people type into containers to look around: ls, ps, tail."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.kubelet.inside import LogOptions
from cluster_core.simulation.nodes import fleet_of
from cluster_core.workloads.shell import Job, Run
from tests.builders import Engine

START = 1_767_225_600_000_000


def typed(script: str, *later: tuple[float, str, str | None]) -> str:
    """What a script prints; `later`: (seconds, path, text) that others write."""
    changes = [(START + round(at * 1e6), {path: text}) for at, path, text in later]
    return Run(Job(script, {}, {"/data/a": "1\n2\n3\n", "/data/.hidden": "x"}, "host", START, changes=changes)).run().text


def test_ls_lists_names_and_hides_what_begins_with_a_dot():
    assert typed("mkdir /data/sub; ls /data; ls -a /data; ls -1 /data/a") == "a\nsub\n.\n..\n.hidden\na\nsub\n/data/a\n"


def test_ls_shows_modes_owners_sizes_and_the_cluster_s_time():
    out = typed("mkdir /data/sub; ln -s /data/a /data/link; chmod 640 /data/a; ls -l /data").splitlines()
    assert out == ["total 8", "-rw-r----- 1 root root    6 Jan  1 00:00 a", "lrwxrwxrwx 1 root root    7 Jan  1 00:00 link -> /data/a",
                   "drwxr-xr-x 2 root root 4096 Jan  1 00:00 sub"]  # fmt: skip


def test_ls_of_what_is_missing_fails():
    assert "ls: /none: No such file or directory\n1\n" in typed("ls /none; echo $?")


def test_ls_goes_down_and_takes_several_at_once():
    assert typed("mkdir -p /x/y; touch /x/y/z; ls -R /x") == "/x:\ny\n\n/x/y:\nz\n"
    assert typed("mkdir /x; touch /x/f; ls /x /data") == "/x:\nf\n\n/data:\na\n"


@pytest.mark.parametrize(
    ("options", "out"), [("-n 2", "2\n3\n"), ("-2", "2\n3\n"), ("-n+2", "2\n3\n"), ("-n +3", "3\n"), ("-n 0", ""), ("", "1\n2\n3\n")]
)
def test_tail_shows_the_end_of_a_file(options: str, out: str):
    assert typed(f"tail {options} /data/a") == out
    assert typed(f"cat /data/a | tail {options}") == out


def test_tail_follows_what_others_write():
    assert typed("tail -n1 -f /data/a", (5, "/data/a", "1\n2\n3\n4\n"), (9, "/data/other", "x"), (10, "/data/a", "1\n2\n3\n4\n5\n")) == "3\n4\n5\n"
    assert typed("tail -F /data/new", (5, "/data/new", "first\n")).splitlines()[-1] == "first"
    assert "no files\n1\n" in typed("tail -f /data/new; echo $?", (5, "/data/new", "first\n"))


def test_the_sidecars_of_the_logging_tutorial_stream_the_files():
    engine = Engine(nodes=1)
    mounts = {"volumeMounts": [{"name": "varlog", "mountPath": "/var/log"}]}
    count = 'i=0; while true; do echo "$i: $(date)" >> /var/log/1.log; echo "$(date) INFO $i" >> /var/log/2.log; i=$((i+1)); sleep 1; done'
    containers: list[dict[str, Any]] = [{"name": "count", "image": "busybox:1.28", "args": ["/bin/sh", "-c", count], **mounts}]
    containers += [
        {"name": f"log-{number}", "image": "busybox:1.28", "args": ["/bin/sh", "-c", f"tail -n+1 -F /var/log/{number}.log"], **mounts} for number in (1, 2)
    ]
    spec = {"containers": containers, "volumes": [{"name": "varlog", "emptyDir": {}}]}
    engine.api.create("Pod", {"metadata": {"name": "counter", "namespace": "default"}, "spec": spec})

    def log(name: str) -> list[str]:
        pod = engine.api.get("Pod", "default", "counter")
        return fleet_of(engine.cluster).inside.logs(pod, LogOptions(name, stream="Stdout"))[0].splitlines()

    engine.cluster.advance(60)
    assert [line.partition(":")[0] for line in log("log-1")] == [str(number) for number in range(len(log("log-1")))]
    assert 50 <= len(log("log-1")) <= 60 and log("log-2")[-1].endswith(f"INFO {len(log('log-2')) - 1}")
    engine.cluster.advance(400)
    assert len(log("log-1")) >= 440
    pod = engine.api.get("Pod", "default", "counter")
    shown = fleet_of(engine.cluster).inside.execute(pod, "log-1", ["tail", "-n1", "-f", "/var/log/1.log"]).stdout
    assert int(shown.partition(":")[0]) - len(log("log-1")) in (-1, 0)


def test_ps_shows_the_main_process_and_whose_it_is():
    engine = Engine(nodes=1)
    spec = {"containers": [{"name": "c", "image": "busybox:1.28", "command": ["sh", "-c", "sleep 1h"]}], "securityContext": {"runAsUser": 1000}}
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
    engine.cluster.advance(30)
    out = fleet_of(engine.cluster).inside.execute(engine.api.get("Pod", "default", "p"), "", ["ps"]).stdout.splitlines()
    assert out[0].split() == ["PID", "USER", "TIME", "COMMAND"]
    assert out[1].split() == ["1", "1000", "0:00", "sh", "-c", "sleep", "1h"]


def test_an_image_of_docker_hub_may_be_named_with_its_host():
    engine = Engine(nodes=1)
    spec = {"containers": [{"name": "c", "image": "docker.io/redis:6.0.5"}]}
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
    engine.cluster.advance(30)
    assert engine.api.get("Pod", "default", "p")["status"]["containerStatuses"][0]["image"] == "docker.io/library/redis:6.0.5"
