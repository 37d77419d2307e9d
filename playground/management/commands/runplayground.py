"""What `make run` runs: database, worker and web, supervised; a first cluster; the URL."""

import asyncio
import logging
import socket
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from cluster_core.models import Cluster
from playground.clusters import make_engine
from playground.engine.port import EngineError
from playground.supervisor import Child, Supervisor
from playground.worker import process as worker

_START_SECONDS = 30.0
logger = logging.getLogger("playground")


class Command(BaseCommand):
    help = "Run the whole playground: migrate, worker, web."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--https-port", type=int, default=settings.HTTPS_PORT, help="0: no HTTPS beside")
        parser.add_argument("--no-demo", action="store_true", help='do not make the cluster "demo" on first start')

        parser.add_argument("--etcd-port", type=int, default=settings.ETCD_PORT, help="serve etcd's v3 and v2 API there")
        parser.add_argument("--etcd-cluster", default=settings.ETCD_CLUSTER, help="whose etcd")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _require_free(host, port)
        https_port = _https_port(host, options["https_port"])
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        children = [Child("worker", _work), Child("web", _serve(host, port, https_port))]
        if options["etcd_port"] and not settings.LOCAL_MODE:
            raise CommandError("etcd's API knows no accounts: it is served in local mode only")
        if options["etcd_port"]:
            _require_free("127.0.0.1", options["etcd_port"])
            children.append(Child("etcd", _serve_etcd(options["etcd_cluster"], options["etcd_port"])))
        supervisor = Supervisor(children, settings.DATA_DIR)
        first_start = settings.LOCAL_MODE and not options["no_demo"] and not Cluster.objects.exists()
        connections.close_all()  # what is open now would be shared with the children
        supervisor.start()
        try:
            if first_start:
                asyncio.run(_create_demo())
            _wait_for(host, port)
            if https_port:
                _wait_for(host, https_port)
                self.stdout.write(f"clusters by HTTPS: https://{_shown(host)}:{https_port}/k8s/NAME/")
            self.stdout.write(f"Cluster Playground: {_scheme()}://{_shown(host)}:{port}/  (Ctrl-C stops it)")
            self.stdout.flush()
            supervisor.run()
        finally:
            supervisor.stop()
            self.stdout.write("stopped")


def _work() -> None:
    asyncio.run(worker.run(url=settings.WORKER_URL, with_parent=True))


def _serve(host: str, port: int, https_port: int) -> Callable[[], None]:
    def work() -> None:
        from playground.tls import SecureListener
        from playground.web import run  # not before: Twisted's reactor belongs to one process

        secure = SecureListener.of_settings(https_port)
        run(host=host, port=port, with_parent=True, cert=settings.TLS_CERT, key=settings.TLS_KEY, secure=secure)

    return work


def _serve_etcd(cluster: str, port: int) -> Callable[[], None]:
    def work() -> None:
        from playground.etcdapi.process import run  # not before: gRPC's threads belong to one process

        asyncio.run(run(cluster=cluster, port=port, with_parent=True))

    return work


def _scheme() -> str:
    return "https" if settings.TLS_CERT else "http"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _require_free(host: str, port: int) -> None:
    if _taken(host, port):
        raise CommandError(f"port {port} of {host} is taken; choose another one: PORT=8001 make run")


def _https_port(host: str, port: int) -> int:
    """The port for HTTPS; none is needed for the playground itself, so a taken one is told of and left alone."""
    if port and _taken(host, port):
        logger.warning("port %d of %s is taken: no HTTPS; choose another one: HTTPS_PORT=9443 make run", port, host)
        return 0
    return port


def _taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


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
    engine = make_engine(_START_SECONDS)
    try:
        await engine.command("demo", "create", {"nodes": 3})
    except EngineError as error:
        raise CommandError(f"cannot make the first cluster: {error}") from error
    finally:
        await engine.close()
