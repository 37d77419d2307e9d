"""Which kinds, admission plugins and parts a cluster is put together from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from cluster_core import controllers as controller_modules
from cluster_core import kinds as kind_modules
from cluster_core.apiserver.admission.chain import Plugin
from cluster_core.apiserver.admission.recommended import PLUGINS
from cluster_core.apiserver.kind import Kind
from cluster_core.controllers.garbagecollector import GarbageCollector
from cluster_core.controllers.runtime import Controller, ControllerPart
from cluster_core.machinery.plugins import collect

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@lru_cache(1)
def kinds() -> Sequence[Kind]:
    """The built-in kinds."""
    return tuple(collect(kind_modules, "KIND"))


@lru_cache(1)
def admission() -> Sequence[Plugin]:
    """The admission plugins that are on by default."""
    return tuple(plugin for plugin in PLUGINS if plugin.on_by_default)


@lru_cache(1)
def controllers() -> Sequence[Controller]:
    return tuple(collect(controller_modules, "CONTROLLER"))


def add_parts(cluster: Cluster) -> None:
    """Start the control plane's parts."""
    for controller in controllers():
        cluster.add_part(ControllerPart(controller, cluster.world, {}))
    cluster.add_part(GarbageCollector(cluster.world, {}))
