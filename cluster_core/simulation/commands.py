"""Commands: what people do to a cluster beside its API, such as adding and killing machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

Command = Callable[["Cluster", Mapping[str, Any]], dict[str, Any]]

COMMANDS: dict[str, Command] = {}

MODULES = ("commands_nodes", "commands_components", "commands_reasons", "commands_etcd", "commands_machines", "commands_network", "commands_demos")


class CommandError(Exception):
    """A command that cannot be done; `status` is the HTTP status that says so best."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def command(name: str) -> Callable[[Command], Command]:
    """Register a command under its name."""

    def register(function: Command) -> Command:
        COMMANDS[name] = function
        return function

    return register


@lru_cache(1)
def _all() -> dict[str, Command]:
    for module in MODULES:
        import_module(f"cluster_core.simulation.{module}")
    return COMMANDS


def run(cluster: Cluster, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    found = _all().get(name)
    if found is None:
        raise CommandError(f'unknown command "{name}"', 404)
    return found(cluster, args)
