"""The REST API describes itself: every operation has its place, its words, and examples that hold."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from playground.api import network, serializers
from playground.api.parts import TAGS, tag_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{method} {path}", one) for path, each in document["paths"].items() for method, one in each.items()]


def test_every_operation_belongs_to_a_part_and_says_what_it_does(document: dict[str, Any]) -> None:
    known = {tag["name"] for tag in TAGS}
    assert {tag["name"] for tag in document["tags"]} == known
    assert {one["tags"][0] for _, one in operations(document)} == known
    for name, one in operations(document):
        assert one.get("summary") and not one["summary"].endswith("."), name
        assert all(answer["description"] for answer in one["responses"].values()), name


def test_no_two_operations_are_told_in_the_same_words(document: dict[str, Any]) -> None:
    seen = [(one["tags"][0], one["summary"]) for _, one in operations(document)]
    assert sorted(seen) == sorted(set(seen))


def test_an_address_without_a_part_is_noticed() -> None:
    with pytest.raises(LookupError, match="belongs to no part"):
        tag_of("/api/v1/nowhere/")


CHECKED = {
    "post /api/v1/clusters/": serializers.ClusterWanted,
    "post /api/v1/clusters/{cluster}/nodes/": serializers.NodeWanted,
    "post /api/v1/clusters/{cluster}/nodes/{node}/load/": serializers.NodeLoad,
    "post /api/v1/clusters/{cluster}/components/{part}/stop/": serializers.ComponentAction,
    "post /api/v1/clusters/{cluster}/clock/": serializers.ClockAction,
    "post /api/v1/clusters/{cluster}/fork/": serializers.ForkWanted,
    "post /api/v1/clusters/{cluster}/trace/": network.TraceWanted,
}


@pytest.mark.parametrize("operation", CHECKED)
def test_examples_are_what_the_api_takes(document: dict[str, Any], operation: str) -> None:
    body = dict(operations(document))[operation]["requestBody"]["content"]["application/json"]
    assert body["examples"]
    for example in body["examples"].values():
        found = CHECKED[operation](data=example["value"])
        assert found.is_valid(), (example, found.errors)


@pytest.mark.django_db
def test_the_page_has_the_head_of_all_pages() -> None:
    page = Client().get("/api/docs/").content.decode()
    assert 'class="site-brand" href="/"' in page and 'aria-current="page">REST API' in page
    assert 'id="swagger-ui"' in page


@pytest.mark.django_db
def test_what_is_not_there_is_told_with_a_way_on() -> None:
    answer = Client().get("/nothing/", headers={"Accept-Language": "de"})
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "404" in page and "Alle Cluster" in page and 'class="site-brand"' in page


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_told_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/demos/", {"demo": "x"})
    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_for_failures_needs_nothing_that_may_have_failed(language: str) -> None:
    with translation.override(language):
        page = render_to_string("500.html")
    assert "500" in page and 'href="/"' in page
