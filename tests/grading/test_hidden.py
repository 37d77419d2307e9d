"""Hidden checks leave no trace in anything a student can get: no representation of the exercise, of a verdict, or of errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from playground.grading import webhooks
from playground.grading.models import ApiToken, Delivery, Submission

from .receiver import receiving

pytestmark = pytest.mark.django_db
SECRETS = ("sesame", "psst", "xyzzy")
"""Words that no random id in hexadecimal can hold."""
EXERCISE = """apiVersion: playground.dev/v1alpha1
kind: Exercise
metadata: {name: secretive}
spec:
  title: Secretive
  description: Make a pod.
  cluster: {nodes: 1, seed: 3}
  checks:
  - name: A pod
    count: {kind: Pod, atLeast: 1}
  - name: open sesame
    hidden: true
    hint: psst
    points: 5
    cel: {expression: "pods.exists(p, p.metadata.name == 'sesame')", message: there are not xyzzy pods}
  - name: watched sesame
    hidden: true
    always: true
    cel: "pods.exists(p, p.metadata.name == 'xyzzy')"
  reference: {manifests: "{}"}
"""
POD = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
    }
)
URL = "/api/v1/exercises/secretive/submissions/"


@pytest.fixture(autouse=True)
def _secretive(tmp_path: Path, settings: Any) -> None:
    cache.clear()
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "secretive.yaml").write_text(EXERCISE)
    settings.EXERCISES = [tmp_path / "exercises"]
    settings.DATA_DIR = tmp_path


@pytest.fixture
def student(settings: Any) -> Client:
    """Somebody with a student's token where accounts are needed."""
    settings.LOCAL_MODE = False
    _, secret = ApiToken.issue(name="student", scopes="read submit")
    return Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def made(student: Client) -> dict[str, Any]:
    answer = student.post(
        f"{URL}?wait=30", json.dumps({"student": "ada", "manifests": POD}), content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    assert (found["verdict"]["passed"], found["verdict"]["points"], found["verdict"]["maxPoints"]) == (False, 1, 7)
    return found


def clean(text: bytes | str) -> bool:
    told = text.decode() if isinstance(text, bytes) else text
    return not any(secret in told for secret in SECRETS)


REPRESENTATIONS: dict[str, Callable[[Client, dict[str, Any]], bytes]] = {
    "hand-in": lambda web, made: json.dumps(made).encode(),
    "status": lambda web, made: web.get(made["status"]).content,
    "asking as a teacher": lambda web, made: web.get(made["status"], {"view": "teacher"}).content,
    "junit": lambda web, made: web.get(f"{made['status']}junit.xml").content,
    "junit for teachers": lambda web, made: web.get(f"{made['status']}junit.xml", {"view": "teacher"}).content,
    "markdown": lambda web, made: web.get(f"{made['status']}report.md").content,
    "token": lambda web, made: _payload(web.get(f"{made['status']}token/").json()["token"]),
    "exercises": lambda web, made: web.get("/api/v1/exercises/").content,
    "exercise": lambda web, made: web.get("/api/v1/exercises/secretive/").content,
    "exercise for teachers": lambda web, made: web.get("/api/v1/exercises/secretive/", {"view": "teacher"}).content,
    "openapi": lambda web, made: web.get("/api/schema/").content,
    "moment": lambda web, made: web.get(made["links"]["A pod"]).content,
}


def _payload(token: str) -> bytes:
    middle = token.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_no_representation_tells_of_hidden_checks(name: str, student: Client, made: dict[str, Any]) -> None:
    text = REPRESENTATIONS[name](student, made)
    assert text
    assert clean(text)


@pytest.mark.parametrize("check", ["open sesame", "watched sesame", "no such thing"])
def test_a_hidden_check_is_as_absent_as_one_that_does_not_exist(
    check: str, student: Client, made: dict[str, Any]
) -> None:
    asked = student.post(f"{made['status']}moment/", json.dumps({"check": check}), content_type="application/json")
    page = student.get(made["links"]["A pod"].split("?")[0], {"check": check})
    assert (asked.status_code, page.status_code) == (404, 404)
    assert asked.json()["message"].replace(check, "X") == 'no check "X" has been looked at'


def test_a_student_sees_only_what_they_handed_in_and_cannot_regrade_or_choose_the_seed(
    student: Client, made: dict[str, Any]
) -> None:
    Submission.objects.create(exercise="secretive", student="bob", fingerprint="", answer={}, state=Submission.FAILED)
    assert [each["id"] for each in student.get(URL, {"view": "teacher"}).json()] == [made["id"]]
    assert student.post(f"{made['status']}regrade/").status_code == 403
    assert student.get("/api/v1/gradebook/").status_code == 403
    seeded = student.post(URL, json.dumps({"manifests": POD, "seed": 5}), content_type="application/json")
    assert seeded.status_code == 403
    assert all(clean(answer.content) for answer in (student.get(URL, {"view": "teacher"}), seeded))


def test_a_students_own_token_grades_nothing_whatever_scopes_it_was_given(
    settings: Any, django_user_model: Any
) -> None:
    settings.LOCAL_MODE = False
    _, secret = ApiToken.issue(name="mine", scopes="read submit grade", user=django_user_model.objects.create_user("ada"))
    ada = Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {secret}"})
    body = json.dumps({"manifests": POD})
    made = ada.post(f"{URL}?wait=30&view=teacher", body, content_type="application/json").json()
    assert [each["name"] for each in made["verdict"]["checks"]] == ["A pod"]
    assert clean(ada.get("/api/v1/exercises/secretive/", {"view": "teacher"}).content)
    assert ada.post(f"{made['status']}regrade/").status_code == 403
    assert ada.get("/api/v1/gradebook/").status_code == 403


def test_the_webhook_is_told_what_the_student_may_see(student: Client, settings: Any) -> None:
    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = ["127.0.0.1"]
        body = {"manifests": POD, "webhook": receiver.url}
        student.post(f"{URL}?wait=30", json.dumps(body), content_type="application/json")
        webhooks.deliver_due()
    assert Delivery.objects.get().state == Delivery.DELIVERED
    told = json.loads(receiver.taken[0][1])
    assert clean(receiver.taken[0][1])
    assert clean(_payload(told["token"]))


def test_a_set_up_that_fails_names_no_hidden_check(student: Client, tmp_path: Path) -> None:
    path = tmp_path / "exercises" / "secretive.yaml"
    path.write_text(
        EXERCISE.replace("  checks:", "  setup: '{kind: Pod, apiVersion: v1, metadata: {name: x}}'\n  checks:")
    )
    answer = student.post(f"{URL}?wait=30", json.dumps({"manifests": POD}), content_type="application/json").json()
    assert answer["state"] == "failed"
    assert "set-up" in answer["problem"]
    assert clean(json.dumps(answer))


def test_a_teacher_sees_them(settings: Any, made: dict[str, Any]) -> None:
    _, secret = ApiToken.issue(name="teacher", scopes="read submit grade")
    teacher = Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {secret}"})
    assert Submission.objects.exists()
    assert b"open sesame" in teacher.get(made["status"], {"view": "teacher"}).content
    assert b"open sesame" in teacher.get(f"{made['status']}junit.xml", {"view": "teacher"}).content
    assert clean(teacher.get(made["status"]).content)
