"""What `make run` runs: database, worker and web, supervised; a first cluster; the URL."""

import asyncio
import socket
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cluster_core.models import Cluster
from playground.engine.address import Tls
from playground.engine.client import StreamEngine
from playground.engine.port import EngineError
from playground.supervisor import Child, Supervisor

_START_SECONDS = 30.0


class Command(BaseCommand):
    help = "Run the whole playground: migrate, worker, web."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--no-demo", action="store_true", help='do not make the cluster "demo" on first start')

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _require_free(host, port)
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        worker = Child("worker", _manage("runworker_cluster", "--with-parent"), {"PLAYGROUND_ROLE": "worker"})
        web = Child("web", _manage("runweb", "--with-parent", "--host", host, "--port", str(port)))
        supervisor = Supervisor([worker, web])
        supervisor.start()
        try:
            if not options["no_demo"] and not Cluster.objects.exists():
                asyncio.run(_create_demo())
            _wait_for(host, port)
            self.stdout.write(f"Cluster Playground: {_scheme()}://{_shown(host)}:{port}/  (Ctrl-C stops it)")
            self.stdout.flush()
            supervisor.run()
        finally:
            supervisor.stop()
            self.stdout.write("stopped")


def _manage(*words: str) -> list[str]:
    return [sys.executable, sys.argv[0], *words]


def _scheme() -> str:
    return "https" if settings.TLS_CERT else "http"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _require_free(host: str, port: int) -> None:
    try:
        with socket.create_connection((host, port), timeout=1):
            raise CommandError(f"port {port} of {host} is taken; choose another one: PORT=8001 make run")
    except OSError:
        return


def _wait_for(host: str, port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise CommandError("the web process does not come up; its messages are above")


async def _create_demo() -> None:
    engine = StreamEngine(settings.WORKER_URL, tls=Tls.of(settings.WORKER_TLS), wait=_START_SECONDS)
    try:
        await engine.command("demo", "create", {"nodes": 3})
    except EngineError as error:
        raise CommandError(f"cannot make the first cluster: {error}") from error
    finally:
        await engine.close()
