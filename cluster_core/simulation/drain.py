"""Draining a node as kubectl does: evict what may be evicted, leave what belongs to the node, try the rest again."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.parts import Change, controller_of, object_key
from cluster_core.apiserver.world import World
from cluster_core.kinds.eviction import evict
from cluster_core.machinery.clock import CHORE
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

MIRROR = "kubernetes.io/config.mirror"
USER = "kubernetes-admin"
AGAIN = 5.0
"""Seconds after which kubectl drain tries an eviction again that a disruption budget has refused."""


def drain(api: Client, node: str) -> dict[str, Any]:
    """Evict the node's pods. Answers {"evicted", "ignored", "refused": {pod: why}}."""
    evicted, ignored, refused = [], [], {}
    for pod in api.on_node("Pod", node):
        key = object_key(pod)
        if _stays(pod):
            ignored.append(key)
            continue
        try:
            evict(_eviction_of(api, pod), {"metadata": {"name": pod["metadata"]["name"]}})
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


def _eviction_of(api: Client, pod: Obj) -> Context:
    """The request for an eviction of this pod, through which disruption budgets count."""
    kind, metadata = api.kind("Pod"), pod["metadata"]
    context = Context(api.server, api.user, kind, kind.all_served()[0], "create", trusted=True)
    context.namespace, context.name, context.subresource = metadata["namespace"], metadata["name"], "eviction"
    return context


class Drains:
    """The part "drain": goes on with drains that a disruption budget holds up, as a waiting kubectl would."""

    name = "drain"
    kinds: frozenset[str] = frozenset()

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = world.client(USER)

    def begin(self, node: str) -> dict[str, Any]:
        """Evict what can be evicted now and see to the rest later."""
        answer = drain(self._api, node)
        if answer["refused"]:
            self._world.agenda.soon(self.name, CHORE + node, AGAIN)
        return answer

    def run(self, key: str) -> None:
        node = self._api.get("Node", "", key.removeprefix(CHORE))
        if node is not None and node.get("spec", {}).get("unschedulable"):
            self.begin(node["metadata"]["name"])

    def observe(self, change: Change) -> None:
        """It waits for its time only."""

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        """It remembers nothing."""
