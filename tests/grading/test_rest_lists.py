"""Lists of submissions and the gradebook: page by page, with few questions to the database; idempotency keys and their owners."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from playground.classroom.access import Who
from playground.classroom.models import Course, Membership
from playground.classroom.services import create_course
from playground.grading import asked
from playground.grading.models import ApiToken, Delivery, Submission

from .test_rest import REFERENCE, archive

pytestmark = pytest.mark.django_db
URL = "/api/v1/exercises/first-pod/submissions/"
VERDICT = {"points": 1, "checks": [], "outcome": "failed", "message": ""}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(asked, "AT_ONCE", 30.0)


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


def graded(student: str, points: float = 1, **more: Any) -> Submission:
    verdict = {**VERDICT, "points": points}
    fields = {"exercise": "first-pod", "fingerprint": "", "answer": {}, "state": Submission.DONE, "verdict": verdict}
    return Submission.objects.create(student=student, points=points, **{**fields, **more})


def test_a_long_list_comes_page_by_page(web: Client) -> None:
    made = [str(graded(f"student-{number}").pk) for number in range(5)]
    answer, seen = web.get(URL, {"limit": 2}), []
    while True:
        seen += [each["id"] for each in answer.json()]
        assert answer["X-Total-Count"] == "5"
        if "Link" not in answer:
            break
        address, _, relation = answer["Link"].partition("; ")
        assert relation == 'rel="next"'
        answer = web.get(address.strip("<>"))
    assert seen == made


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 501}, {"offset": -1}, {"limit": "many"}])
def test_a_page_has_bounds(web: Client, page: dict[str, Any]) -> None:
    assert web.get(URL, page).status_code == 400


def questions(web: Client, address: str) -> int:
    with CaptureQueriesContext(connection, ) as asked_for:
        assert web.get(address).status_code == 200
    assert not any('"answer"' in each["sql"] for each in asked_for.captured_queries), "what was handed in may be large"
    return len(asked_for)


@pytest.mark.parametrize("address", [URL, "/api/v1/gradebook/"])
def test_more_submissions_ask_no_more_questions(web: Client, address: str) -> None:
    Delivery.objects.create(submission=graded("ada"), url="http://hooks.example/1")
    few = questions(web, address)
    for number in range(10):
        Delivery.objects.create(submission=graded(f"student-{number}"), url="http://hooks.example/1")
    assert questions(web, address) == few


def test_the_best_points_count(web: Client) -> None:
    for points in (1, 2, 0.5):
        graded("ada", points)
    line = next(each for each in web.get("/api/v1/gradebook/").content.decode().splitlines() if each.startswith("ada"))
    assert line.endswith(",2")


def people(settings: Any) -> tuple[Course, dict[str, Client]]:
    """A class of two, each logged in."""
    settings.LOCAL_MODE = False
    found = {}
    for name in ("teacher", "ada", "bob"):
        user = get_user_model().objects.create_user(name)
        found[name] = Client(HTTP_HOST="localhost")
        found[name].force_login(user)
    users = get_user_model().objects
    course = create_course(who=Who(users.get(username="teacher").pk), name="Alpha")
    for name in ("ada", "bob"):
        Membership.objects.create(course=course, user=users.get(username=name))
    return course, found


def hand_in(web: Client, **headers: str) -> Any:
    return web.post(URL, json.dumps({"manifests": REFERENCE}), content_type="application/json", headers=headers)


def test_everybody_has_idempotency_keys_of_their_own(settings: Any) -> None:
    _, web = people(settings)
    ids = {name: [hand_in(web[name], **{"Idempotency-Key": "1"}).json()["id"] for _ in range(2)] for name in ("ada", "bob")}
    assert ids["ada"][0] == ids["ada"][1] != ids["bob"][0] == ids["bob"][1]


def test_one_key_is_one_submission_though_no_token_came_with_it() -> None:
    graded("ada", key="1", sender="user-1")
    with pytest.raises(IntegrityError):
        graded("ada", key="1", sender="user-1")


def test_students_list_their_own_and_teachers_their_students(settings: Any) -> None:
    _, web = people(settings)
    for name in ("ada", "bob", "somebody else"):
        graded(name)
    seen = {name: [each["student"] for each in web[name].get(URL).json()] for name in web}
    assert seen == {"teacher": ["ada", "bob"], "ada": ["ada"], "bob": ["bob"]}


@pytest.mark.parametrize(("exercise", "status"), [("", 403), ("first-pod", 403), ("node-loss", 200)])
def test_a_frozen_class_hands_nothing_in(settings: Any, exercise: str, status: int) -> None:
    course, web = people(settings)
    course.frozen, course.exercise = True, exercise
    course.save()
    assert hand_in(web["ada"]).status_code == status
    assert hand_in(web["teacher"]).status_code == 200
    page = web["ada"].post("/exercises/first-pod/", {"action": "submit", "text": REFERENCE})
    assert page.status_code == (302 if status == 200 else 403)


def test_a_token_is_frozen_with_its_owner(settings: Any) -> None:
    people(settings)
    Course.objects.update(frozen=True)
    user = get_user_model().objects.get(username="ada")
    _, secret = ApiToken.issue(name="mine", scopes="read submit", user=user)
    assert hand_in(Client(HTTP_HOST="localhost"), Authorization=f"Bearer {secret}").status_code == 403


def test_files_in_json_are_read_as_those_of_an_archive(web: Client) -> None:
    def files(given: dict[str, str]) -> Any:
        return web.post(URL, json.dumps({"files": given}), content_type="application/json")

    refused = files({"notes.txt": REFERENCE})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["files"])
    told = files({"pod.yaml": REFERENCE, "commands.txt": "kubectl apply -f pod.yaml\n", "notes.txt": "x"}).json()
    assert [each.get("command") for each in told["verdict"]["handIn"]] == ["kubectl apply -f pod.yaml"]


@pytest.mark.parametrize("seconds", ["nan", "soon", ""])
def test_a_time_to_wait_is_a_number(web: Client, seconds: str) -> None:
    answer = web.post(f"{URL}?wait={seconds}", json.dumps({"manifests": REFERENCE}), content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["wait"])


def test_an_empty_archive_of_a_class_is_refused(web: Client) -> None:
    answer = web.post(f"{URL}bulk/", archive(), content_type="application/zip")
    assert (answer.status_code, answer.json()["message"]) == (400, "archive: the archive is empty")
