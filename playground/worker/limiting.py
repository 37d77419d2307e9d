"""What clusters may grow to, changed while they live: told to those in memory, the others read it in the record when they
wake (the web process has written it there: `playground.clusters.limit`). Nothing that is there already is taken away; a
clock that runs faster than it may is slowed down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.persistence.log import Record

from .pace import MAX_SPEED
from .resident import Resident

if TYPE_CHECKING:
    from .host import Host


def top_speed(record: Record) -> float:
    """Of the cluster's clock."""
    return float(orjson.loads(record.spec).get("limits", {}).get("speed", MAX_SPEED))


async def limit(host: Host, args: Mapping[str, Any]) -> dict[str, Any]:
    """{"clusters": {name: {"nodes", "pods", "speed"}}}, of which those in memory are told; none is woken for it."""
    awake = {name: host.residents[name] for name in args.get("clusters", {}) if name in host.residents}
    for name, resident in awake.items():
        _limit(host, resident, args["clusters"][name])
    return {"told": sorted(awake)}


def _limit(host: Host, resident: Resident, limits: Mapping[str, float]) -> None:
    resident.record = replace(resident.record, spec=changed(resident.record.spec, limits))
    resident.engine.limit(limits)
    slow_down(resident)
    host.touched(resident)


def changed(spec: str, limits: Mapping[str, float]) -> str:
    """A record's spec with other limits."""
    return orjson.dumps({**orjson.loads(spec), "limits": dict(limits)}).decode()


def slow_down(resident: Resident) -> None:
    """To the speed that is allowed."""
    top = top_speed(resident.record)
    if resident.pace.speed > top:
        resident.pace.speed = top
        resident.anchor(asyncio.get_running_loop().time(), resident.engine.now)
