"""The workers there are: they announce themselves in the database, and web processes look up who owns a cluster.

A cluster that nobody owns goes to the living worker that rendezvous hashing gives it, so that all web processes choose the
same one and a worker that comes or goes moves only its own share.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import NamedTuple

from channels.db import database_sync_to_async

from cluster_core.models import ClusterLease
from cluster_core.models import Worker as Row
from playground.engine.port import Unavailable

_REMEMBER_SECONDS = 1.0
_SUSPECT_SECONDS = 5.0
_MOST_REMEMBERED = 10_000


class Worker(NamedTuple):
    name: str
    address: str


# ---------------------------------------------------------------------------------------------------- announcing


def announce(*, worker: Worker, seconds: float) -> None:
    """It lives, for so long at least; who has been dead for long is forgotten."""
    now = time.time()
    Row.objects.update_or_create(name=worker.name, defaults={"address": worker.address, "expires": now + seconds})
    Row.objects.filter(expires__lt=now - 60 * seconds).delete()


def withdraw(*, name: str) -> None:
    Row.objects.filter(name=name).delete()


def living() -> list[Worker]:
    rows = Row.objects.filter(expires__gt=time.time()).order_by("name")
    return [Worker(name, address) for name, address in rows.values_list("name", "address")]


def owner_of(*, cluster: str) -> Worker | None:
    """Whose lease has not run out."""
    found = ClusterLease.objects.filter(cluster__name=cluster, expires__gt=time.time()).exclude(owner="")
    row = found.values_list("owner", "address").first()
    return Worker(*row) if row else None


# ---------------------------------------------------------------------------------------------------- finding


def chosen(cluster: str, workers: Sequence[Worker]) -> Worker:
    """Rendezvous hashing: the worker with the highest hash together with the cluster's name."""
    return max(workers, key=lambda worker: hashlib.blake2b(f"{cluster}\0{worker.name}".encode(), digest_size=8).digest())


class Registry:
    """See `engine.routed.Directory`. Addresses are remembered until they prove wrong: an owner changes only when it dies, stops,
    or has put the cluster away, and then whoever is asked says so or takes the cluster up again."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._living: tuple[float, Sequence[Worker]] = (0.0, ())
        self._suspects: dict[str, float] = {}
        """Address at which nobody has answered -> until when another worker is preferred."""

    async def find(self, cluster: str) -> str:
        known = self._owners.get(cluster)
        if known is not None:
            return known
        owner = await database_sync_to_async(owner_of)(cluster=cluster)
        address = (owner or chosen(cluster, await self._candidates())).address
        if len(self._owners) >= _MOST_REMEMBERED:
            self._owners.clear()
        self._owners[cluster] = address
        return address

    def mistaken(self, cluster: str, address: str, unreachable: bool) -> None:
        if self._owners.get(cluster) == address:
            del self._owners[cluster]
        if unreachable:
            self._suspects[address] = time.monotonic() + _SUSPECT_SECONDS
            self._owners = {name: at for name, at in self._owners.items() if at != address}

    async def _candidates(self) -> Sequence[Worker]:
        """Living workers, without those that do not answer if there are others. Raises Unavailable."""
        now = time.monotonic()
        if self._living[0] < now:
            self._living = (now + _REMEMBER_SECONDS, await database_sync_to_async(living)())
        workers = self._living[1]
        answering = [worker for worker in workers if self._suspects.get(worker.address, 0.0) < now]
        if not workers:
            self._living = (0.0, ())
            raise Unavailable("no worker is there; try again in a moment")
        return answering or workers
