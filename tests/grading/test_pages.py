"""The pages of exercises, as a browser without JavaScript gets them."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from playground.grading import catalogue
from playground.grading.models import Submission

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/exercises/first-pod/"


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def reference() -> str:
    found = catalogue.find("first-pod")
    assert found is not None and found.reference is not None
    return "---\n".join(found.reference.files.values())


@pytest.fixture(autouse=True)
def graded_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However busy the machine is, the verdict is waited for."""
    monkeypatch.setattr("playground.grading.pages.AT_ONCE", 60.0)
    yield


def test_all_exercises_are_listed_with_their_difficulty(web: Client) -> None:
    page = web.get("/exercises/").content.decode()
    for exercise in catalogue.exercises():
        assert f'href="/exercises/{exercise.name}/"' in page
    assert 'aria-label="Difficulty 1 of 5"' in page


def test_an_exercise_shows_its_checks_but_no_hidden_ones(web: Client) -> None:
    for exercise in catalogue.exercises():
        page = html.unescape(web.get(f"/exercises/{exercise.name}/").content.decode())
        for check in exercise.checks:
            assert (check.name in page) is not check.hidden, (exercise.name, check.name)


def test_text_that_solves_it_passes(web: Client, reference: str) -> None:
    answer = web.post(PAGE, {"action": "submit", "text": reference}, follow=True)
    assert "✓ Passed" in answer.content.decode()
    assert re.search(r"/exercises/first-pod/submissions/[0-9a-f-]{36}/$", answer.redirect_chain[-1][0])


def test_a_file_is_taken_instead_of_the_text(web: Client, reference: str) -> None:
    file = SimpleUploadedFile("pod.yaml", reference.encode())
    assert "✓ Passed" in web.post(PAGE, {"action": "submit", "text": "", "file": file}, follow=True).content.decode()


def test_what_does_not_solve_it_is_told_check_by_check(web: Client) -> None:
    page = web.post(PAGE, {"action": "submit", "text": "apiVersion: v1\nkind: Pod\n"}, follow=True).content.decode()
    assert "✗ Not passed yet" in page and 'aria-hidden="true">✗</span>' in page


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"file": SimpleUploadedFile("x.yaml", b"\xff\xfe")}, "not text in UTF-8"),
        ({"file": SimpleUploadedFile("x.zip", b"PK")}, "not a readable zip archive"),
        ({"cluster": "nobody"}, "There is no cluster named nobody."),
    ],
)
def test_a_bad_hand_in_keeps_the_text_and_says_why(web: Client, given: dict[str, object], complaint: str) -> None:
    answer = web.post(PAGE, {"action": "submit", "text": "mine: 1", **given})
    page = answer.content.decode()
    assert answer.status_code in (400, 404) and complaint in page and "mine: 1" in page
    assert not Submission.objects.exists()


def test_what_is_not_there_is_not_found(web: Client) -> None:
    assert web.get("/exercises/nothing/").status_code == 404
    assert web.get(f"{PAGE}submissions/{uuid.uuid4()}/").status_code == 404


def test_where_commands_are_wanted_the_text_is_commands(web: Client) -> None:
    page = web.get("/exercises/broken-rollout/").content.decode()
    assert "Commands, one a line" in page and "kubectl rollout restart deployment/web" in page
    solved = "# the image that is there\nkubectl set image deployment/web web=nginx:1.27\n"
    for given in ({"text": solved}, {"text": "", "file": SimpleUploadedFile("commands.txt", solved.encode())}):
        answer = web.post("/exercises/broken-rollout/", {"action": "submit", **given}, follow=True)
        assert "✓ Passed" in answer.content.decode()


def test_a_cluster_is_offered_for_handing_in_only_where_it_may_be(web: Client) -> None:
    offered = {name: "Hand in cluster mine" in web.get(f"/exercises/{name}/?cluster=mine").content.decode() for name in ("first-pod", "rolling-update")}
    assert offered == {"first-pod": True, "rolling-update": False}


def test_too_many_hand_ins_by_the_form_have_to_wait(web: Client, settings: Any) -> None:
    cache.clear()
    settings.GRADING_RATE = "2/min"
    answers = [web.post(PAGE, {"action": "submit", "text": f"mine: {number}"}) for number in range(3)]
    assert [each.status_code for each in answers] == [302, 302, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60 and "mine: 2" in answers[2].content.decode()
    cache.clear()


def test_a_file_that_is_too_large_is_refused(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.grading.handin.MAX_ARCHIVE", 100)
    answer = web.post(PAGE, {"action": "submit", "file": SimpleUploadedFile("pod.yaml", b"# " * 100)})
    assert (answer.status_code, "larger than 100 bytes" in answer.content.decode()) == (400, True)
