"""A new cluster made ready for a lesson or an exercise: its nodes, what it begins with, what has happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.models import Cluster
from playground.classroom import owning
from playground.classroom.access import Who

from . import services

SETTLING = 900.0
"""Virtual seconds for what was done to take effect."""


def begin(
    *, who: Who, prefix: str, cluster: Mapping[str, Any], setup: str = "", prepare: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The name of the new cluster, PREFIX or PREFIX-2... `prepare`: commands of the simulation, {"command", "args"} or
    {"apply": YAML}, each after the cluster has settled. Raises EngineError."""
    name = str(owning.make(who=who, wanted={"name": free_name(prefix), **cluster})["name"])
    if setup:
        services.apply(cluster=name, text=setup, dry_run=False)
    for each in prepare:
        services.command(cluster=name, name="clock", args={"action": "settle", "seconds": SETTLING})
        if "apply" in each:
            services.apply(cluster=name, text=each["apply"], dry_run=False)
        else:
            services.command(cluster=name, name=each["command"], args=each.get("args", {}))
    return name


def free_name(wanted: str) -> str:
    taken = set(Cluster.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)
