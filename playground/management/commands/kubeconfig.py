"""Print a cluster's kubeconfig."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from playground.clusters import kubeconfig, token_of


class Command(BaseCommand):
    help = "Print the kubeconfig of a cluster: manage.py kubeconfig demo > demo.yaml; kubectl --kubeconfig demo.yaml get nodes"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--url", default=settings.BASE_URL)

    def handle(self, *args: Any, **options: Any) -> None:
        token = token_of(name=options["name"])
        if token is None:
            raise CommandError(f'cluster "{options["name"]}" not found')
        text = kubeconfig(name=options["name"], token=token, base_url=options["url"])
        self.stdout.write(text, ending="")
