"""Demos: files that come back as they were, scripts that become recordings, replays that end as recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cluster_core.simulation.cluster import Cluster
from playground.demos import catalogue, demo, playing
from playground.demos.demo import Demo, DemoError

SHIPPED = list(catalogue.files())
TEXT = """apiVersion: playground.dev/v1alpha1
kind: Demo
metadata: {name: test}
spec:
  title: Test
  cluster: {nodes: 1, seed: 4}
  steps:
  - at: 1
    caption: A pod
    apply: |
      {apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: "nginx:1.27"}]}}
  - {at: 5.5, command: cordon, args: {node: node-1}}
  - {at: 9, kubectl: kubectl delete pod web}
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_demo_becomes_a_recording_that_replays_exactly(path: Path) -> None:
    script = demo.load(path.read_text(), path.name)
    assert script.name == path.stem
    recorded = playing.record(script)
    assert all(entry.get("caption") for entry in recorded.steps if "command" in entry)
    shared = demo.load(demo.dump(recorded))
    assert shared == replace(recorded, gaps=list(recorded.gaps) or ())
    assert playing.complaints(shared) == []


def test_there_are_shipped_demos_and_each_tells_what_it_shows() -> None:
    assert len(SHIPPED) >= 3
    assert all(demo.load(path.read_text()).captions for path in SHIPPED)


def test_a_replay_that_ends_otherwise_is_found_out() -> None:
    recorded = playing.record(demo.load(TEXT))
    assert playing.complaints(recorded) == []
    wrong = replace(recorded, end={**recorded.end, "hash": "0" * 64})
    assert playing.complaints(wrong)[0].endswith(f"was recorded with {'0' * 64}")
    other = replace(recorded, cluster={**recorded.cluster, "seed": 5})
    assert "ends in state" in playing.complaints(other)[0]


def test_texts_that_yaml_could_mistake_come_back_as_they_were() -> None:
    odd = [
        "yes",
        "1e3",
        "0o7",
        "2026-01-01",
        "null",
        "~",
        "a: b",
        "#",
        "\x07",
        "\u2028",
        "é\n\n  x\n",
        " lead",
        "1_000",
        "=",
        "<<",
        ".nan",
        "y",
        "off",
        "True",
        "",
        "0x1F",
    ]
    body = {**{word: word for word in odd}, "numbers": [1, 1.5, 1e300, -0.0, 2**60, True, None]}
    request = {"method": "POST", "path": "/x", "user": {"name": "a"}, "body": body}
    given = Demo("odd", "Odd", [{"at": 0.000001, "after": 3, "request": request}])
    assert demo.load(demo.dump(given)) == given


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Test", "titel: Test", "x.yaml:4: spec: Additional properties"),
        ("at: 5.5", "at: 0.5", "x.yaml:12: spec.steps[1].at: is before the step before it"),
        (
            "command: cordon",
            "command: delete",
            "x.yaml:12: spec.steps[1].command: is nothing that happens to a cluster",
        ),
        (
            "at: 9, kubectl: kubectl delete pod web",
            "at: 9",
            "x.yaml:13: spec.steps[2]: exactly one of request, command",
        ),
        ("{nodes: 1", "{nodes: many", "x.yaml:6: spec.cluster.nodes: 'many' is not of type 'integer'"),
        ("  steps:", "  begin: nonsense\n  steps:", "x.yaml:7: spec.begin: "),
        ("name: test", "name: Te/st", "x.yaml:3: metadata.name: "),
        ("kind: Demo", "kind: [", "x.yaml:"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_line_and_field(old: str, new: str, said: str) -> None:
    with pytest.raises(DemoError) as raised:
        demo.load(TEXT.replace(old, new, 1), "x.yaml")
    assert said in str(raised.value)


def test_a_saved_beginning_that_would_grow_without_end_is_refused() -> None:
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(b" " * (80 * 1024 * 1024), 9)).decode()
    with pytest.raises(DemoError, match="a cluster of more than"):
        demo.load(TEXT.replace("  steps:", f"  begin: {bomb}\n  steps:"))


def test_a_script_the_cluster_refuses_is_told_by_step() -> None:
    broken = demo.load(TEXT.replace("kubectl delete pod web", "kubectl delete pod nobody"))
    with pytest.raises(playing.CannotPlay, match=r"step 3: .*not found"):
        playing.record(broken)


def test_the_commands_record_replay_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, recorded = tmp_path / "script.yaml", tmp_path / "recorded.yaml"
    script.write_text(TEXT)
    call_command("demo", "record", str(script), str(recorded))
    call_command("demo", "replay", str(recorded))
    call_command("demo", "check", str(script), str(recorded))
    told = capsys.readouterr().out
    assert "3 steps, 39 virtual seconds" in told
    assert "5.500 s  cordon node-1" in told
    assert f"{recorded}: ok" in told
    recorded.write_text(recorded.read_text().replace("nginx:1.27", "nginx:1.26"))
    with pytest.raises(SystemExit):
        call_command("demo", "check", str(recorded))
    with pytest.raises(CommandError, match="No such file"):
        call_command("demo", "replay", str(tmp_path / "absent.yaml"))


@pytest.mark.django_db
def test_a_demo_is_kept_once_and_shipped_ones_stay() -> None:
    catalogue.keep(demo.load(TEXT))
    with pytest.raises(catalogue.NameTaken):
        catalogue.keep(demo.load(TEXT))
    with pytest.raises(catalogue.NameTaken):
        catalogue.keep(demo.load(TEXT.replace("name: test", "name: node-loss")))
    assert catalogue.forget("test")
    assert not catalogue.forget("node-loss")
    assert catalogue.find("node-loss") is not None


def test_a_demo_may_begin_in_the_middle_of_a_life() -> None:
    cluster: Any = Cluster.create(demo.load(TEXT).spec("old"))
    cluster.command("cordon", {"node": "node-1"})
    cluster.advance(7.3)
    cluster.recorder.start()
    cluster.command("uncordon", {"node": "node-1"})
    cluster.advance(3)
    found = demo.of_recording(name="x", title="X", description="", told=cluster.command("demo-entries", {}))
    assert playing.complaints(demo.load(demo.dump(found))) == []
    assert len(demo.dump(found)) < 150_000
