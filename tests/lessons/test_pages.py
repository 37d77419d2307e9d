"""The pages of lessons, as a browser without JavaScript gets them."""

from __future__ import annotations

import pytest
from django.test import Client

from cluster_core.models import Cluster as Row
from cluster_core.persistence.log import Lease, Record, Write
from cluster_core.persistence.orm import OrmLog
from playground.lessons import doing, loading

pytestmark = pytest.mark.django_db


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


def test_all_lessons_are_listed(web: Client) -> None:
    page = web.get("/lessons/").content.decode()
    for lesson in loading.lessons():
        assert f'href="/lessons/{lesson.slug}/"' in page


def test_pages_speak_german_too(web: Client) -> None:
    assert '<html lang="de">' in web.get("/lessons/", headers={"Accept-Language": "de"}).content.decode()
    assert "Lektionen" in web.get("/lessons/", headers={"Accept-Language": "de"}).content.decode()


def test_a_lesson_shows_its_steps_with_headings_and_solutions_folded(web: Client) -> None:
    page = web.get("/lessons/first-pod/").content.decode()
    assert "<h1>" in page
    assert '<h2 id="step-1">' in page
    assert "<details><summary>Solution</summary>" in page
    assert web.get("/lessons/nothing/").status_code == 404


def test_a_cluster_that_does_not_exist_is_told(web: Client) -> None:
    assert "There is no cluster named nobody." in web.get("/lessons/first-pod/?cluster=nobody").content.decode()


def test_steps_done_on_a_cluster_are_shown_as_solved(web: Client) -> None:
    lesson = loading.find("first-pod")
    cluster = doing.begin(lesson)
    doing.do(cluster, lesson.steps[0].solution)
    batch = cluster.take_uncommitted()
    first = Write("mine", 1, batch.revision, batch.rows, batch.state)
    OrmLog().create(Record("mine", "t", cluster.spec.encode(), 1, 0.0), first, Lease("mine", "me", 1, 0.0))
    assert Row.objects.filter(name="mine").exists()
    page = web.get("/lessons/first-pod/?cluster=mine").content.decode()
    assert f"1 of {len(lesson.steps)} steps solved." in page
