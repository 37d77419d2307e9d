"""Make a cluster through the running worker."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from playground.clusters import engine
from playground.engine.port import EngineError


class Command(BaseCommand):
    help = "Make a cluster (the worker must be running: make run)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--nodes", type=int, default=3)
        parser.add_argument("--cpu", default="4")
        parser.add_argument("--memory", default="8Gi")
        parser.add_argument("--seed", type=int, default=0, help="0: a new one")
        parser.add_argument("--bare", action="store_true", help="without nodes and control-plane set-up")

        parser.add_argument("--flavour", choices=["kubeadm", "manual"], default="kubeadm", help="manual: every part a unit")
        parser.add_argument("--runtime", choices=["containerd", "cri-o", "docker"], default="containerd")

        parser.add_argument("--accept-any-image", action="store_true", help="images that nobody knows can be pulled too")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("nodes", "cpu", "memory", "seed", "bare", "flavour", "runtime", "accept_any_image")}
        try:
            answer = asyncio.run(_create(options["name"], wanted))
        except EngineError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f'cluster "{answer["name"]}" made, seed {answer["seed"]}')


async def _create(name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return await engine().command(name, "create", wanted)
