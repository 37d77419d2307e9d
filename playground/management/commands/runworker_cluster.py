"""Run the worker that owns clusters."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from playground.worker.process import run


class Command(BaseCommand):
    help = "Run the worker that owns clusters and lets their time pass."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.WORKER_URL, help="where to listen (unix:/path, tcp://, tls://)")
        parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(run(url=options["url"], with_parent=options["with_parent"]))
