"""Tokens of service accounts that lie in secrets: when each was last used is noted on its secret, and one that is marked as
invalid is believed no longer. Models pkg/serviceaccount/legacy.go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

TYPE = "kubernetes.io/service-account-token"
LAST_USED = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
"""The ConfigMap in kube-system that says since when uses are noted."""


def day_of(text: str) -> int | None:
    """The beginning of the day 2026-01-31, None when it is none."""
    return parse_time(f"{text}T00:00:00Z") if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def admits(server: ApiServer, secret: Obj) -> bool:
    """Whether the token in the secret is still believed; notes that it was used today."""
    metadata = secret["metadata"]
    labels, today = metadata.get("labels") or {}, server.world.clock.timestamp()[:10]
    if labels.get(LAST_USED) != today and not server.etcd_fault:
        client = server.client("system:apiserver")
        client.patch("Secret", metadata["namespace"], metadata["name"], {"metadata": {"labels": {LAST_USED: today}}})
    return not labels.get(INVALID_SINCE)
