"""A worker's host in this process on a SQLite database of its own: what durable figures are measured on."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")


@lru_cache(1)
def _database() -> str:
    """Set Django up on a fresh database; once per process."""
    directory = tempfile.mkdtemp(prefix="playground-bench-")
    os.environ["DATA"] = directory
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return directory


@asynccontextmanager
async def durable_host(**limits: float) -> AsyncIterator[Any]:
    from cluster_core.persistence.orm import OrmLog
    from playground import collector
    from playground.worker.binding import Builder
    from playground.worker.host import Host, Limits

    collector.spare()
    host = Host(OrmLog(), Builder(), "bench", limits=Limits(**limits))  # type: ignore[arg-type]
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function on the fresh database."""
    _database()
    return asyncio.run(work())  # type: ignore[arg-type]


def remove() -> None:
    """Delete the database."""
    shutil.rmtree(_database(), ignore_errors=True)
    _database.cache_clear()


def percentile(values: list[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * fraction), len(ordered) - 1)]
