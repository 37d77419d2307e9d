"""Run etcd's API of one cluster as a process of its own: `manage.py runplayground --etcd-port` does so by itself."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from playground.etcdapi.process import run


class Command(BaseCommand):
    help = "Serve etcd's v3 gRPC and v2 HTTP API of one cluster, on loopback."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cluster", default=settings.ETCD_CLUSTER)
        parser.add_argument("--port", type=int, default=settings.ETCD_PORT or 2379)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(run(cluster=options["cluster"], port=options["port"], with_parent=False))
