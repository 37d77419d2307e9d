"""From DATABASE_URL and REDIS_URL to Django's settings of databases and channel layers.

SQLite by default, tuned for one writer that never loses an acknowledged commit: WAL, synchronous=FULL, BEGIN IMMEDIATE.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000; PRAGMA cache_size=-16000"


def database_from_url(url: str, data: Path, several_workers: bool = False) -> dict[str, Any]:
    """`postgres://user:password@host:port/name`, `sqlite:///path`, or "" for DATA/playground.sqlite3."""
    parts = urlsplit(url)
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }
    if several_workers:
        raise ImproperlyConfigured("SCALED=1 needs PostgreSQL (DATABASE_URL=postgres://...): SQLite takes one writer at a time")
    if parts.scheme not in ("", "sqlite"):
        raise ValueError(f"DATABASE_URL: unknown scheme {parts.scheme!r}")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": parts.path if url else str(data / "playground.sqlite3"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
        "TEST": {"NAME": str(Path(tempfile.gettempdir()) / f"playground-test-{os.getpid()}.sqlite3")},
    }


def channel_layers_from_url(url: str) -> dict[str, Any]:
    """What browsers are told across web processes goes through Redis; without one, only within this process."""
    if not url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    return {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [url]}}}
