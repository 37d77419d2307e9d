"""Draining a node as kubectl does: evict what may be evicted, leave what belongs to the node."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.parts import controller_of, object_key
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

MIRROR = "kubernetes.io/config.mirror"


def drain(api: Client, node: str) -> dict[str, Any]:
    """Evict the node's pods. Answers {"evicted", "ignored", "refused": {pod: why}}."""
    evicted, ignored, refused = [], [], {}
    for pod in api.on_node("Pod", node):
        key = object_key(pod)
        if _stays(pod):
            ignored.append(key)
            continue
        try:
            evict(api, pod)
            evicted.append(key)
        except ApiError as error:
            refused[key] = error.message
    return {"name": node, "evicted": evicted, "ignored": ignored, "refused": refused}


def _stays(pod: Obj) -> bool:
    """Mirror pods, pods of DaemonSets, and those on their way out."""
    owner = controller_of(pod)
    if owner is not None and owner["kind"] == "DaemonSet":
        return True
    metadata = pod["metadata"]
    return MIRROR in metadata.get("annotations", {}) or "deletionTimestamp" in metadata


def evict(api: Client, pod: Obj) -> None:
    """Through the eviction subresource, so that disruption budgets count. Raises ApiError when they forbid it."""
    metadata = pod["metadata"]
    api.delete("Pod", metadata["namespace"], metadata["name"], uid=metadata["uid"])
