"""A digest of a cluster's state. Times count from the cluster's start, so that equal histories begun at different moments
give equal digests."""

from __future__ import annotations

import hashlib
import re

from cluster_core.etcd.store import Store
from cluster_core.machinery.timestamps import any_time

_TIME = re.compile(rb'"(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?)"')
"""A time, or a day: which of them it is depends on the hour at which a cluster began."""


def of(store: Store, start: int) -> str:
    """Hex SHA-256 over all keys, their values, revisions and versions; `start` in microseconds."""

    def relative(match: re.Match[bytes]) -> bytes:
        if len(match[1]) == len("2026-01-01"):
            return b'"a day"'
        whole, _, fraction = match[1].decode()[:-1].partition(".")
        return b'"+%d.%s"' % (any_time(whole + "Z") - start, fraction.encode())

    digest = hashlib.sha256(str(store.revision).encode())
    for found in store.range("", "\0"):
        digest.update(b"\0%b\0%d\0%d\0" % (found.key.encode("utf-8", "surrogateescape"), found.mod_revision, found.version))
        digest.update(_TIME.sub(relative, found.value))
    return digest.hexdigest()
