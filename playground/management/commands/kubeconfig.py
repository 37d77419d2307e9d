"""Print a cluster's kubeconfig."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from playground.certificates import authority_pem
from playground.clusters import kubeconfig, secure_kubeconfig, token_of


class Command(BaseCommand):
    help = "Print the kubeconfig of a cluster: manage.py kubeconfig demo > demo.yaml; kubectl --kubeconfig demo.yaml get nodes"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--url", help=f"where the playground is, {settings.BASE_URL} if not told")
        parser.add_argument("--https", action="store_true", help="by HTTPS, the token as a header and not in the URL")

    def handle(self, *args: Any, **options: Any) -> None:
        token = token_of(name=options["name"])
        if token is None:
            raise CommandError(f'cluster "{options["name"]}" not found')
        self.stdout.write(_text(token=token, **{key: options[key] for key in ("name", "url", "https")}), ending="")


def _text(*, name: str, token: str, url: str | None, https: bool) -> str:
    if not https:
        return kubeconfig(name=name, token=token, base_url=url or settings.BASE_URL)
    own = "" if settings.TLS_CERT else authority_pem(settings.DATA_DIR)
    return secure_kubeconfig(name=name, token=token, base_url=url or settings.HTTPS_URL, authority=own)
