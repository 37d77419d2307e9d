"""Run the web process: pages, REST, websockets and the Kubernetes API."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from playground.tls import SecureListener
from playground.web import run


class Command(BaseCommand):
    help = "Run the web process (Daphne)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--https-port", type=int, default=settings.HTTPS_PORT, help="0: no HTTPS beside")
        parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")

    def handle(self, *args: Any, **options: Any) -> None:
        where = {name: options[name] for name in ("host", "port", "with_parent")}
        secure = SecureListener.of_settings(options["https_port"])
        run(**where, cert=settings.TLS_CERT, key=settings.TLS_KEY, secure=secure)
