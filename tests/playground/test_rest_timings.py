"""Timings and loads over REST: read, changed, refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from cluster_core.simulation.commands import CommandError
from playground.api import services
from tests.builders import Engine

URL = "/api/v1/clusters/demo/"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A cluster that answers commands in place of the worker."""
    engine = Engine(nodes=1)

    def command(*, cluster: str, name: str, args: Mapping[str, Any] | None = None) -> Any:
        assert cluster == "demo"
        return engine.cluster.command(name, args or {})

    monkeypatch.setattr(services, "command", command)
    return engine


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.mark.django_db
def test_timings_are_read_and_changed_while_the_cluster_runs(engine: Engine, web: Client) -> None:
    assert web.get(f"{URL}timings/").json()["changed"] == []
    answer = web.patch(f"{URL}timings/", {"pull-failure": 0.5, "boot": [1, 2]}, content_type="application/json")
    assert answer.status_code == 200
    assert web.get(f"{URL}timings/").json()["changed"] == ["boot", "pull-failure"]
    web.patch(f"{URL}timings/", {"boot": None}, content_type="application/json")
    assert web.get(f"{URL}timings/").json()["changed"] == ["pull-failure"]


@pytest.mark.django_db
def test_any_image_is_accepted_from_when_the_cluster_is_told_to(engine: Engine, web: Client) -> None:
    assert web.get(f"{URL}images/").json() == {"acceptAnyImage": False}
    assert web.patch(f"{URL}images/", {"acceptAnyImage": True}, content_type="application/json").json() == {"acceptAnyImage": True}
    assert web.get(f"{URL}images/").json() == {"acceptAnyImage": True}
    assert web.patch(f"{URL}images/", {}, content_type="application/json").status_code == 400


@pytest.mark.django_db
def test_a_machine_s_load_is_set(engine: Engine, web: Client) -> None:
    answer = web.post(f"{URL}nodes/node-1/load/", {"memory": "7900Mi"}, content_type="application/json")
    assert answer.json() == {"name": "node-1", "load": {"memory": "7900Mi", "storage": "0", "pids": "0"}}
    engine.cluster.advance(20)
    conditions = engine.api.get("Node", "", "node-1")["status"]["conditions"]
    assert next(each["status"] for each in conditions if each["type"] == "MemoryPressure") == "True"


def test_nonsense_is_refused(engine: Engine) -> None:
    with pytest.raises(CommandError):
        services.command(cluster="demo", name="set-timings", args={"timings": {"pull-failure": "often"}})
