"""kill -9 in the middle of writes, again and again: every acknowledged write is there afterwards.

The invariant checker compares what writers were told with what the restarted cluster shows and what the database holds.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .builders import CONFIGMAPS, configmap
from .processes import Playground, running

KILLS = int(os.environ.get("KILLS", "50"))
WRITERS = 4
ACKNOWLEDGED_BETWEEN_KILLS = 12
SECONDS_PER_KILL = 15.0


class Writers:
    """Threads that create and delete ConfigMaps and note what was acknowledged."""

    def __init__(self, *urls: str) -> None:
        self._urls = urls
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self.created: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.unsure: set[str] = set()
        self.odd: list[str] = []

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    @property
    def acknowledged(self) -> int:
        return len(self.created) + len(self.deleted)

    def _write(self, number: int) -> None:
        count = 0
        with httpx.Client(timeout=20) as client:
            while not self._stop.is_set():
                count += 1
                url = self._urls[number % len(self._urls)]
                self._create(client, url, f"w{number}-{count}")
                if count % 5 == 0:
                    self._delete(client, url, f"w{number}-{count - 4}")

    def _create(self, client: httpx.Client, url: str, name: str) -> None:
        try:
            answer = client.post(url, json=configmap(name, of=name))
        except httpx.HTTPError:
            time.sleep(0.05)
            return
        if answer.status_code == 201:
            self.created[name] = answer.json()["metadata"]["resourceVersion"]
        elif answer.status_code not in (503, 504):
            self.odd.append(f"{name}: {answer.status_code} {answer.text}")

    def _delete(self, client: httpx.Client, url: str, name: str) -> None:
        if name not in self.created:
            return
        self.unsure.add(name)
        try:
            answer = client.delete(f"{url}/{name}")
        except httpx.HTTPError:
            return
        if answer.status_code == 200:
            self.deleted.add(name)


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Playground]:
    with running(tmp_path) as playground:
        yield playground


def token_url(playground: Playground) -> str:
    with playground.client() as client:
        config = client.get("/api/v1/clusters/demo/kubeconfig/").text
    return next(line.split()[1] for line in config.splitlines() if "server:" in line)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "web"])
def test_no_acknowledged_write_is_lost(playground: Playground, tmp_path: Path, victim: str) -> None:
    url = token_url(playground) + CONFIGMAPS
    killed: set[int] = set()
    pid = 0
    with Writers(url) as writers:
        for _ in range(KILLS):
            wait_for_more(writers, playground)
            pid = playground.kill(victim, but=pid)
            killed.add(pid)
        wait_for_more(writers, playground)
    assert len(killed) == KILLS
    assert writers.odd == []
    check(writers, settled(url), tmp_path / "playground.sqlite3")


def wait_for_more(writers: Writers, playground: Playground) -> None:
    """Until some more writes have been acknowledged, so that the next kill meets writers at work."""
    goal, end = writers.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS, time.monotonic() + SECONDS_PER_KILL
    while writers.acknowledged < goal:
        assert time.monotonic() < end, f"no writes get through\n{playground.output()[-3000:]}"
        time.sleep(0.005)


def settled(url: str) -> dict[str, str]:
    """name -> resourceVersion of what the cluster shows."""
    answer = httpx.get(url, timeout=20)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}


def check(writers: Writers, shown: dict[str, str], database: Path) -> None:
    """The invariants."""
    check_acknowledged(writers, shown)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        check_history(connection.execute, shown)


def check_acknowledged(writers: Writers, shown: dict[str, str]) -> None:
    surviving = {name: revision for name, revision in writers.created.items() if name not in writers.unsure}
    lost = {name for name, revision in surviving.items() if shown.get(name) != revision}
    assert not lost, f"{len(lost)} acknowledged creates are gone"
    assert not writers.deleted & shown.keys(), "an acknowledged delete came back"
    revisions = list(writers.created.values())
    assert len(set(revisions)) == len(revisions), "two writes were told the same revision"


def check_history(execute: Callable[[str], Any], shown: dict[str, str]) -> None:
    """`execute` runs SQL in the database of one cluster."""
    [(newest, compacted)] = execute("SELECT revision, compacted FROM cluster_core_cluster").fetchall()
    rows = execute("SELECT revision, key, value IS NULL FROM cluster_core_revision ORDER BY revision, sub").fetchall()
    kept = [revision for revision, _, _ in rows if revision > compacted]
    assert set(kept) == set(range(max(compacted + 1, min(kept)), newest + 1)), "the history has a gap"
    newest_of = {key: (revision, gone) for revision, key, gone in rows}
    prefix = "/registry/configmaps/default/"
    living = {key: revision for key, (revision, gone) in newest_of.items() if not gone and key.startswith(prefix)}
    stored = {key.removeprefix(prefix): str(revision) for key, revision in living.items()}
    assert stored == shown, "the cluster shows something else than the database holds"
