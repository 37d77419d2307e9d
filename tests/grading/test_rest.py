"""Grading over REST: hand in, ask again, bulk, regrade, gradebook, tokens."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import jwt
import pytest
from django.core.cache import cache
from django.test import Client

from playground.grading import asked, catalogue, services
from playground.grading.models import ApiToken, Submission

pytestmark = pytest.mark.django_db
REFERENCE = catalogue.find("first-pod").reference.files["manifests.yaml"]
WRONG = REFERENCE.replace("1.27", "9.99")
URL = "/api/v1/exercises/first-pod/submissions/"


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(asked, "AT_ONCE", 30.0)  # a busy machine must not make anything late here
    settings.DATA_DIR = tmp_path


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


def archive(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/") + ".yaml", text)
    return data.getvalue()


def hand_in(web: Client, body: object, **headers: str) -> object:
    return web.post(URL, json.dumps(body), content_type="application/json", headers=headers)


def test_exercises_are_listed_without_answers_or_hidden_checks(web: Client) -> None:
    found = web.get("/api/v1/exercises/").json()
    assert "first-pod" in [each["name"] for each in found]
    assert "reference" not in found[0]
    assert web.get("/api/v1/exercises/first-pod/").json()["maxPoints"] == 2
    assert web.get("/api/v1/exercises/schema/").json()["title"] == "Exercise"
    assert web.get("/api/v1/exercises/nothing/").status_code == 404


@pytest.mark.parametrize(("text", "passed"), [(REFERENCE, True), (WRONG, False)])
def test_a_hand_in_is_answered_with_its_verdict(web: Client, text: str, passed: bool) -> None:
    answer = hand_in(web, {"student": "ada", "manifests": text})
    assert answer.status_code == 200
    assert answer.json()["verdict"]["passed"] is passed


def test_yaml_and_zip_bodies_are_taken_too(web: Client) -> None:
    assert web.post(URL, REFERENCE, content_type="application/yaml").json()["verdict"]["passed"]
    assert web.post(URL, archive(pod=REFERENCE), content_type="application/zip").json()["verdict"]["passed"]


def test_what_takes_longer_is_answered_with_202_and_where_to_ask(web: Client) -> None:
    late = web.post(f"{URL}?wait=0", json.dumps({"manifests": REFERENCE}), content_type="application/json")
    assert late.status_code == 202
    again = web.get(late["Location"], {"wait": 30})
    assert again.status_code == 200
    assert again.json()["verdict"]["passed"]


def test_a_submission_whose_grading_was_lost_is_graded_when_somebody_asks(web: Client) -> None:
    made = services.hand_in(exercise=catalogue.find("first-pod"), answer={"files": {"a.yaml": REFERENCE}})
    assert web.get(f"/api/v1/submissions/{made.pk}/", {"wait": 30}).json()["state"] == "done"


def test_the_same_key_gives_the_same_submission_and_another_answer_is_a_conflict(web: Client) -> None:
    first = hand_in(web, {"manifests": REFERENCE}, idempotency_key="k1")
    assert hand_in(web, {"manifests": REFERENCE}, idempotency_key="k1").json()["id"] == first.json()["id"]
    assert hand_in(web, {"manifests": WRONG}, idempotency_key="k1").status_code == 409
    assert Submission.objects.count() == 1


def test_a_whole_class_is_handed_in_as_one_zip(web: Client) -> None:
    data = archive(ada__pod=REFERENCE, bob=WRONG)
    answer = web.post(f"{URL}bulk/", data, content_type="application/zip")
    assert answer.status_code == 202
    found = {
        each["student"]: web.get(each["status"], {"wait": 30}).json()["verdict"]
        for each in answer.json()["submissions"]
    }
    assert {student: verdict["passed"] for student, verdict in found.items()} == {"ada": True, "bob": False}
    lines = web.get("/api/v1/gradebook/").content.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["student", "ada", "bob"]
    assert lines[1].endswith(",2")


@pytest.mark.parametrize("path", ["../evil.yaml", "/etc/evil.yaml", "a/../../evil.yaml", "C:\\evil.yaml"])
def test_archives_with_paths_outside_are_refused(web: Client, path: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr(path, REFERENCE)
    answer = web.post(URL, data.getvalue(), content_type="application/zip")
    assert answer.status_code == 400
    assert "outside of itself" in answer.json()["errors"]["archive"][0]


def test_an_archive_that_grows_too_large_is_refused_before_it_is_unpacked(web: Client) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb.yaml", b"a" * 30_000_000)
    answer = web.post(URL, data.getvalue(), content_type="application/zip")
    assert answer.status_code == 400
    assert "more than" in answer.json()["errors"]["archive"][0]


def test_what_is_no_archive_is_refused(web: Client) -> None:
    assert web.post(URL, b"PK not really", content_type="application/zip").status_code == 400


def test_grading_again_gives_the_same_verdict(web: Client) -> None:
    made = hand_in(web, {"manifests": WRONG}).json()
    again = web.post(f"{made['status']}regrade/").json()
    assert again["same"] is True
    assert again["verdict"] == made["verdict"]


def test_a_verdict_is_signed_with_the_published_key(web: Client) -> None:
    made = hand_in(web, {"student": "ada", "manifests": REFERENCE}).json()
    token = web.get(f"{made['status']}token/").json()["token"]
    key = jwt.PyJWK(web.get("/api/v1/jwks/").json()["keys"][0])
    claims = jwt.decode(token, key, algorithms=["ES256"])
    assert (claims["sub"], claims["passed"], claims["points"]) == ("ada", True, 2)


def test_reports_come_as_junit_and_markdown(web: Client) -> None:
    made = hand_in(web, {"student": "ada", "manifests": WRONG}).json()
    assert b"<testsuite " in web.get(f"{made['status']}junit.xml").content
    assert "**failed**" in web.get(f"{made['status']}report.md").content.decode()


def test_where_accounts_are_needed_nobody_gets_in_without_a_token(web: Client, settings: object) -> None:
    settings.LOCAL_MODE = False
    assert web.get("/api/v1/exercises/").status_code == 401
    _, secret = ApiToken.issue(name="ci", scopes="read submit")
    bearer = {"Authorization": f"Bearer {secret}"}
    made = web.post(URL, REFERENCE, content_type="application/yaml", headers=bearer)
    assert made.status_code == 200
    assert web.get("/api/v1/gradebook/", headers=bearer).status_code == 403
    assert web.get("/api/v1/exercises/", headers={"Authorization": "Bearer pg_wrong"}).status_code == 401
    _, other = ApiToken.issue(name="other", scopes="read submit")
    assert web.get(made.json()["status"], headers={"Authorization": f"Bearer {other}"}).status_code == 404


def test_too_many_hand_ins_are_told_to_wait(web: Client, settings: object) -> None:
    settings.GRADING_RATE = "2/min"
    codes = [hand_in(web, {"manifests": REFERENCE}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = hand_in(web, {"manifests": REFERENCE})
    assert int(refused["Retry-After"]) > 0
    assert "throttled" in refused.json()["message"]


def test_a_hand_in_of_nothing_is_told_what_to_give(web: Client) -> None:
    answer = hand_in(web, {"student": "ada"})
    assert answer.status_code == 400
    assert "give one of" in str(answer.json()["errors"])
