"""Clusters that are not there, or not any more."""

from __future__ import annotations

import pytest
from django.test import Client

from cluster_core.models import Cluster
from cluster_core.simulation.saved import ClusterSpec
from playground import clusters

pytestmark = pytest.mark.django_db


def test_what_is_gone_cannot_be_reset() -> None:
    answer = Client(HTTP_HOST="localhost").post("/api/v1/clusters/gone/reset/")
    assert (answer.status_code, answer.json()["message"]) == (404, 'cluster "gone" not found')


@pytest.mark.parametrize(("method", "path"), [("POST", "courses/"), ("GET", "courses/alpha/"), ("POST", "courses/alpha/freeze/")])
def test_courses_need_accounts_and_say_so(method: str, path: str) -> None:
    web = Client(HTTP_HOST="localhost")
    answer = web.generic(method, f"/api/v1/{path}", '{"name": "Alpha"}', content_type="application/json")
    assert (answer.status_code, "LOCAL_MODE=0" in answer.json()["message"]) == (403, True)
    assert web.get("/api/v1/courses/").json() == []


def test_a_cluster_that_sleeps_has_its_new_limits_when_it_wakes() -> None:
    """They stand in its record; no worker has to be there for it."""
    for name in ("asleep", "other"):
        Cluster.objects.create(name=name, token=name, spec=ClusterSpec(name, limits={"pods": 9}).encode(), seed=1, created=0, state=b"")
    clusters.limit({"asleep": {"pods": 3}, "gone": {}})
    found = {each.name: ClusterSpec.decode(each.spec).limits for each in Cluster.objects.all()}
    assert found == {"asleep": {"pods": 3}, "other": {"pods": 9}}
