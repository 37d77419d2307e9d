"""Exercises for tests, from their parts."""

from __future__ import annotations

import json
from typing import Any

from playground.grading import loading
from playground.grading.exercise import Answer, Exercise
from tests.builders import pod, workload


def exercise(*checks: dict[str, Any], name: str = "test", **spec: Any) -> Exercise:
    named = [{"name": f"check {index}", **check} for index, check in enumerate(checks)]
    value = {
        "apiVersion": "playground.dev/v1alpha1",
        "kind": "Exercise",
        "metadata": {"name": name},
        "spec": {"title": "Test", "cluster": {"nodes": 2, "seed": 5}, **spec, "checks": named},
    }
    return loading.load(json.dumps(value))


def answer(*objects: dict[str, Any], commands: tuple[str, ...] = ()) -> Answer:
    files = {f"{index}.yaml": json.dumps(each) for index, each in enumerate(objects)}
    return Answer(files=files, commands=commands, form="commands" if commands else "manifests")


READY_POD = {"condition": {"kind": "Pod", "name": "web", "type": "Ready"}}
__all__ = ["READY_POD", "answer", "exercise", "pod", "workload"]
