"""The language of a request, on pages and in REST: texts follow it, names and verdicts do not."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from playground.classroom.models import Course, Membership

pytestmark = pytest.mark.django_db(transaction=True)
GERMAN = {"Accept-Language": "de"}
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: httpd}]}\n"


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture(autouse=True)
def graded_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However busy the machine is, the verdict is waited for."""
    monkeypatch.setattr("playground.grading.pages.AT_ONCE", 60.0)
    yield


def page(web: Client, address: str, **more: Any) -> str:
    return html.unescape(web.get(address, **more).content.decode())


@pytest.mark.parametrize(
    ("address", "english", "german"),
    [
        ("/lessons/", "A fair share", "Ein gerechter Anteil"),
        ("/lessons/quotas/", "Meet the limit", "An die Grenze stoßen"),
        ("/exercises/", "Pods that come back", "Pods, die wiederkommen"),
        ("/exercises/self-healing/", "Bare pods are not replaced", "Einzelne Pods ersetzt niemand"),
        ("/demos/", "When a machine dies", "Wenn eine Maschine stirbt"),
        ("/api/v1/lessons/", "A fair share", "Ein gerechter Anteil"),
        ("/api/v1/exercises/", "Pods that come back", "Pods, die wiederkommen"),
        ("/api/v1/demos/", "Its kubelet cannot say goodbye", "Ihr Kubelet kann sich nicht verabschieden"),
    ],
)
def test_texts_follow_the_language_of_the_request(web: Client, address: str, english: str, german: str) -> None:
    assert english in page(web, address) and german not in page(web, address)
    assert german in page(web, address, headers=GERMAN) and english not in page(web, address, headers=GERMAN)


def test_a_language_nobody_has_translated_into_gets_the_original(web: Client) -> None:
    assert "A fair share" in page(web, "/lessons/", headers={"Accept-Language": "fr"})


def test_the_language_is_chosen_on_the_page_and_remembered(web: Client) -> None:
    answer = web.post("/i18n/setlang/", {"language": "de", "next": "/lessons/quotas/"}, follow=True)
    assert answer.redirect_chain == [("/lessons/quotas/", 302)]
    assert "Ein gerechter Anteil" in page(web, "/lessons/")
    assert 'value="de" lang="de" aria-pressed="true"' in page(web, "/lessons/")
    web.post("/i18n/setlang/", {"language": "en"})
    assert "A fair share" in page(web, "/lessons/", headers=GERMAN), "what was chosen counts more than the browser's wish"


def test_names_are_the_same_in_every_language(web: Client) -> None:
    def names(**headers: str) -> list[str]:
        lesson = web.get("/api/v1/lessons/quotas/", headers=headers).json()
        exercise = web.get("/api/v1/exercises/self-healing/", headers=headers).json()
        return [each["name"] for each in [*lesson["steps"], *exercise["checks"]]]

    assert names() == names(**GERMAN)


def test_a_verdict_is_the_same_in_every_language_and_is_read_in_ones_own(web: Client) -> None:
    handed = web.post("/exercises/first-pod/", {"action": "submit", "text": BROKEN}, follow=True)
    result = handed.redirect_chain[-1][0]
    status = f"/api/v1{result.removeprefix('/exercises/first-pod')}"
    english, german = (web.get(status, headers=headers).json() for headers in ({}, GERMAN))
    assert english["verdict"] == german["verdict"]
    name = "A pod named web runs nginx:1.27"
    assert german["texts"][name]["title"] == "Ein Pod namens web führt nginx:1.27 aus"
    assert german["texts"][name]["message"] == 'Pod web: spec.(containers[0].image): "httpd", verlangt: "nginx:1.27"'
    assert english["texts"][name]["message"] == english["verdict"]["checks"][0]["message"]
    shown = page(web, result, headers=GERMAN)
    assert "Noch nicht bestanden" in shown and "Ein Pod namens web führt nginx:1.27 aus" in shown and "verlangt:" in shown
    assert "Das Image steht in spec.containers." in shown and name not in shown
    report = page(web, f"{status}report.md", headers=GERMAN)
    assert "**nicht bestanden**, 1 von 2 Punkten" in report and "Hinweis zu *Ein Pod namens web führt nginx:1.27 aus*" in report
    assert f"Hint for *{name}*" in page(web, f"{status}report.md")
    moment = page(web, f"{status.removeprefix('/api/v1')}moment/?check={name}", headers=GERMAN)
    assert "Ein Pod namens web führt nginx:1.27 aus" in moment and "Dein erster Pod" in moment


def test_what_is_wrong_with_a_hand_in_is_said_in_ones_language(web: Client) -> None:
    answer = web.post("/exercises/first-pod/", {"action": "submit", "text": "", "cluster": "nobody"}, headers=GERMAN)
    assert "Es gibt keinen Cluster namens nobody." in answer.content.decode()


def test_a_refusal_is_said_in_ones_language_and_in_english_to_programs(web: Client, settings: Any) -> None:
    settings.LOCAL_MODE = False
    web.force_login(get_user_model().objects.create_user("ada"))
    course = Course.objects.create(slug="alpha", name="Alpha")
    Membership.objects.create(course=course, user=get_user_model().objects.get(), role=Membership.Role.STUDENT)
    assert "Das darfst du in diesem Kurs nicht. Deine Rolle darin: Lernende" in page(web, "/courses/alpha/wall/", headers=GERMAN)
    refused = web.get("/api/v1/courses/alpha/wall/", headers=GERMAN)
    assert refused.json()["message"] == "as student of this course you may not do this"
