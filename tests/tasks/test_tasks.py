"""Administrators' and network tasks: not done before, done after a student has typed what solves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cluster_core.apiserver.request import ADMIN
from cluster_core.persistence.memory import MemoryLog
from playground.asgitypes import Scope
from playground.kubeapi import app as kubeapi
from playground.kubeapi.app import KubeApi
from playground.kubeapi.entering import Entered, Where
from playground.worker.binding import Builder
from playground.worker.host import Host
from tests.tasks import administration, controlplane, etcdtasks, machinery, networking, nodes
from tests.tasks.scene import Scene, Task
from tests.tasks.serving import serving

TASKS: list[Task] = [*controlplane.TASKS, *etcdtasks.TASKS, *nodes.TASKS, *networking.TASKS, *administration.TASKS, *machinery.TASKS]


async def _nothing_else(scope: object, receive: object, send: object) -> None:
    raise AssertionError("only the Kubernetes API is asked for")


@pytest.fixture
def _way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is but one cluster, and no database that knows whose it is."""

    async def enter(where: Where, scope: Scope) -> Entered:
        return Entered("demo", scope, where.path, ADMIN)

    monkeypatch.setattr(kubeapi, "enter", enter)


@pytest.fixture
async def host(_way_in: None, settings: Any) -> AsyncIterator[Host]:
    host = Host(MemoryLog(), Builder(), "tasks")
    await host.start()
    async with serving(KubeApi(_nothing_else, lambda: host)) as port:
        settings.PORT = port
        yield host
    await host.stop()


def test_there_are_sixty_tasks_each_with_a_name_of_its_own() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS) >= 60


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_the_task_is_done_by_typing_and_not_before(host: Host, task: Task) -> None:
    scene = Scene(host, task)
    await scene.prepare()
    assert not task.done(scene), "it is done already"
    await scene.type(task.typed)
    assert await scene.solved(), scene.seen
