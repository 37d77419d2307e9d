"""From DATABASE_URL to Django's database settings.

SQLite by default, tuned for one writer that never loses an acknowledged commit: WAL, synchronous=FULL, BEGIN IMMEDIATE.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000; PRAGMA cache_size=-16000"


def database_from_url(url: str, data: Path) -> dict[str, Any]:
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
    if parts.scheme not in ("", "sqlite"):
        raise ValueError(f"DATABASE_URL: unknown scheme {parts.scheme!r}")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": parts.path if url else str(data / "playground.sqlite3"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
        "TEST": {"NAME": str(Path(tempfile.gettempdir()) / f"playground-test-{os.getpid()}.sqlite3")},
    }
