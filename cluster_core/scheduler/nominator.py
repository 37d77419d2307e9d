"""Which waiting pods have been promised room on which node. Models pkg/scheduler/backend/queue/nominator.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.scheduler.views import PodView


class Nominator:
    """At most one node per pod."""

    def __init__(self) -> None:
        self._nodes: dict[str, str] = {}
        self._pods: dict[str, dict[str, PodView]] = {}

    def binds(self, priority: int) -> bool:
        """Whether a pod of this priority must leave room for somebody."""
        return any(pod.shape.priority >= priority for pods in self._pods.values() for pod in pods.values())

    def on(self, node: str) -> Sequence[PodView]:
        return tuple(self._pods.get(node, {}).values())

    def nominate(self, pod: PodView, node: str) -> None:
        """Promise the pod room on `node`; "" takes the promise back."""
        self.forget(pod.uid)
        if node:
            self._nodes[pod.uid] = node
            self._pods.setdefault(node, {})[pod.uid] = pod

    def update(self, pod: PodView) -> None:
        """A newer version of the pod: its status says where, or the promise that is already known stands."""
        self.nominate(pod, pod.nominated or self._nodes.get(pod.uid, ""))

    def forget(self, uid: str) -> None:
        node = self._nodes.pop(uid, None)
        if node is not None:
            pods = self._pods[node]
            del pods[uid]
            if not pods:
                del self._pods[node]
