"""manage.py grade and manage.py exercise: exit codes and files, the same in every process; live clusters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec, from_json, to_json
from playground.grading import catalogue, handin
from playground.grading.commands import Kubectl
from playground.grading.ground import Here
from playground.grading.runner import grade

from .making import READY_POD, answer, exercise, pod

ROOT = Path(__file__).parents[2]
POD = catalogue.find("first-pod").reference.files["manifests.yaml"]


def exit_code(*words: str) -> int:
    try:
        call_command(*words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_the_exit_code_tells_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, junit = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "junit.xml"
    good.write_text(POD)
    bad.write_text(POD.replace("1.27", "9.99"))
    assert exit_code("grade", "first-pod", str(good), "--junit", str(junit)) == 0
    assert b'failures="0"' in junit.read_bytes()
    assert exit_code("grade", "first-pod", str(good), str(bad)) == 1
    assert exit_code("grade", "nothing", str(good)) == 2
    assert exit_code("grade", "first-pod", str(tmp_path / "absent.yaml")) == 2
    assert "bad.yaml: failed, 0 of 2 points" in capsys.readouterr().out


def test_an_exercise_whose_wrong_answer_passes_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "exercise.yaml"
    path.write_text((ROOT / "exercises" / "01-first-pod.yaml").read_text().replace("nginx:9.99", "nginx:1.27"))
    assert exit_code("exercise", "test", str(path)) == 1
    assert 'the wrong answer "an image that does not exist" passes' in capsys.readouterr().out


def test_a_directory_is_handed_in_with_its_commands(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "commands.txt").write_text("# first\nkubectl apply -f pod.yaml\n")
    found = handin.of_path(tmp_path)
    assert found.commands == ["kubectl apply -f pod.yaml"]
    assert grade(exercise(READY_POD), found).passed


@pytest.mark.slow
def test_processes_with_different_hash_seeds_give_the_same_verdict(tmp_path: Path) -> None:
    path = tmp_path / "answer.yaml"
    path.write_text(catalogue.find("node-loss").reference.files["manifests.yaml"])
    outcomes = set()
    for seed in ("1", "2"):
        target = tmp_path / f"{seed}.json"
        command = [sys.executable, "manage.py", "grade", "node-loss", str(path), "--json", str(target)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        outcomes.add(target.read_bytes())
    assert len(outcomes) == 1
    assert json.loads(outcomes.pop())[str(path)]["passed"]


def live(*commands: str) -> Cluster:
    cluster = Cluster.create(ClusterSpec("live", nodes=2))
    handin.apply(cluster, json.dumps(pod(image="nginx:9.99")))
    for line in commands:
        Kubectl(Here(cluster), {}).run(line)
    cluster.settle(60)
    return cluster


def test_a_live_cluster_is_graded_as_it_is_and_stays_as_it_was() -> None:
    cluster = live("kubectl set image pod/web c=nginx:1.27")
    before = cluster.state_hash()
    saved = from_json(json.loads(json.dumps(to_json(cluster.save()))))
    assert grade(exercise(READY_POD), answer(), saved=saved).passed
    assert cluster.state_hash() == before


def test_a_status_written_by_hand_on_a_live_cluster_is_found_out() -> None:
    cluster = live()
    path = "/api/v1/namespaces/default/pods/web/status"
    status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    Kubectl(Here(cluster), {}).ask("PATCH", path, status, "application/strategic-merge-patch+json")
    verdict = grade(exercise(READY_POD), answer(), saved=cluster.save())
    assert verdict.document()["outcome"] == "refused"
    assert "the status of pods/default/web was written by kubectl" in verdict.message
