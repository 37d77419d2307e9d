"""The scaled mode as real processes: two workers and two web processes on PostgreSQL, one worker killed again and again."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import websocket

from tests.postgresql import postgresql

from .builders import CONFIGMAPS
from .processes import ROOT, free_port
from .test_kill import Writers, check_acknowledged, check_history, settled

pytestmark = pytest.mark.slow
KILLS = 5
ACKNOWLEDGED_BETWEEN_KILLS = 20
SECONDS = 60.0


class Site:
    """The processes, by name."""

    def __init__(self, data: Path, database: str) -> None:
        self.database, self._data = database, data
        own = {"DATABASE_URL": database, "SCALED": "1", "SECRET_KEY": "of this site", "HTTPS_PORT": "0", "LEASE_SECONDS": "2", "LOG_LEVEL": "WARNING"}
        self._environment = {**os.environ, "DATA": str(data), **own}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.addresses = {name: f"tcp://127.0.0.1:{free_port()}" for name in ("worker-a", "worker-b")}
        self.ports = {name: free_port() for name in ("web-a", "web-b")}

    def manage(self, *words: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        if name in self.addresses:
            words = ["runworker_cluster", "--url", self.addresses[name]]
        else:
            words = ["runweb", "--port", str(self.ports[name])]
        with (self._data / f"{name}.log").open("ab") as log:
            command = [sys.executable, str(ROOT / "manage.py"), *words]
            self._running[name] = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()

    def url(self, web: str) -> str:
        return f"http://127.0.0.1:{self.ports[web]}"

    def owner(self, cluster: str) -> str:
        """The worker with the cluster's lease."""
        with psycopg.connect(self.database) as connection:
            [(address,)] = connection.execute(
                "SELECT address FROM cluster_core_clusterlease l JOIN cluster_core_cluster c ON c.id = l.cluster_id WHERE name = %s", (cluster,)
            ).fetchall()
        return next(name for name, known in self.addresses.items() if known == address)

    def workers(self) -> int:
        with psycopg.connect(self.database) as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM cluster_core_worker WHERE expires > %s", (time.time(),)).fetchall()
        return int(count)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self._data.glob("*.log")))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with postgresql() as database:
        site = Site(tmp_path_factory.mktemp("site"), database)
        site.manage("migrate", "--verbosity", "0")
        for name in (*site.addresses, *site.ports):
            site.start(name)
        try:
            wait_until(site, lambda: site.workers() == 2 and all(_answers(site.url(web)) for web in site.ports))
            yield site
        finally:
            site.stop()


def wait_until(site: Site, reached: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < end, site.logs()
        time.sleep(0.05)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/api/v1/clusters/", timeout=20).status_code == 200
    return False


def made(site: Site, name: str, web: str = "web-a") -> None:
    answer = httpx.post(f"{site.url(web)}/api/v1/clusters/", json={"name": name, "nodes": 1}, timeout=60)
    assert answer.status_code == 201, answer.text


def path_of(site: Site, cluster: str) -> str:
    config = httpx.get(f"{site.url('web-a')}/api/v1/clusters/{cluster}/kubeconfig/", timeout=20).text
    server = next(line.split()[1] for line in config.splitlines() if "server:" in line)
    return "/k/" + server.rpartition("/")[2]


def test_clusters_made_at_one_web_process_are_used_through_the_other(site: Site) -> None:
    names = [f"shared-{number}" for number in range(6)]
    for name in names:
        made(site, name)
    assert {site.owner(name) for name in names} == set(site.addresses), "both workers have some"
    for name in names:
        nodes = httpx.get(f"{site.url('web-b')}{path_of(site, name)}/api/v1/nodes", timeout=20).json()
        assert "node-1" in {node["metadata"]["name"] for node in nodes["items"]}
    for name in names:
        assert httpx.delete(f"{site.url('web-b')}/api/v1/clusters/{name}/", timeout=20).status_code == 204


def test_a_killed_workers_clusters_move_and_no_acknowledged_write_is_lost(site: Site) -> None:
    made(site, "busy")
    urls = [site.url(web) + path_of(site, "busy") + CONFIGMAPS for web in site.ports]
    owners = []
    with Writers(*urls) as writers:
        for _ in range(KILLS):
            goal = writers.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
            wait_until(site, lambda goal=goal: writers.acknowledged >= goal)
            owners.append(site.owner("busy"))
            site.kill(owners[-1])
            wait_until(site, lambda: site.owner("busy") != owners[-1])
            site.start(owners[-1])
        goal = writers.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
        wait_until(site, lambda: writers.acknowledged >= goal)
    assert all(one != other for one, other in itertools.pairwise(owners))
    assert writers.odd == []
    shown = settled(urls[0])
    check_acknowledged(writers, shown)
    with psycopg.connect(site.database) as connection:
        check_history(connection.execute, shown)


def test_a_page_that_looks_on_follows_its_cluster_to_the_next_worker(site: Site) -> None:
    made(site, "watched")
    with contextlib.closing(websocket.create_connection(f"ws://127.0.0.1:{site.ports['web-b']}/ws/clusters/watched/", timeout=SECONDS)) as page:
        page.send(json.dumps({"type": "hello"}))
        heard(page, lambda message: message["type"] == "snapshot")
        before = site.owner("watched")
        site.kill(before)
        added = httpx.post(f"{site.url('web-a')}{path_of(site, 'watched')}/api/v1/namespaces", json={"metadata": {"name": "after"}}, timeout=20)
        assert added.status_code == 201, added.text
        heard(page, lambda message: "after" in str(message.get("changes", "")))
        assert site.owner("watched") != before
        site.start(before)


def heard(page: websocket.WebSocket, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Read on until the message has come."""
    end = time.monotonic() + SECONDS
    while not wanted(json.loads(page.recv())):
        assert time.monotonic() < end


def test_without_workers_the_answer_is_503_with_retry_after(site: Site) -> None:
    made(site, "alone")
    for name in site.addresses:
        site.kill(name)
    answer = httpx.get(f"{site.url('web-a')}{path_of(site, 'alone')}/api/v1/nodes", timeout=20)
    assert (answer.status_code, answer.json()["reason"]) == (503, "ServiceUnavailable")
    assert answer.headers["retry-after"] == "1"
    for name in site.addresses:
        site.start(name)
    wait_until(site, lambda: httpx.get(f"{site.url('web-b')}{path_of(site, 'alone')}/api/v1/nodes", timeout=20).status_code == 200)


def test_sqlite_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA": str(tmp_path), "SCALED": "1", "DATABASE_URL": ""}
    command = [sys.executable, str(ROOT / "manage.py"), "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert "SCALED=1 needs PostgreSQL" in done.stderr
