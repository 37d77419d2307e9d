"""Objects that are neither pods nor nodes, as the plugins ask for them; what is asked for often is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cluster_core.machinery.selectors import EVERYTHING, Labels, Selector
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.matching import NO_LABELS, equals, label_selector, narrowed
from cluster_core.scheduler.views import PodView

OWNERS = {"ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "ReplicationController": "v1"}


class Reader(Protocol):
    """The reading half of the API client."""

    def get(self, kind: str, namespace: str, name: str) -> Obj | None: ...
    def list(self, kind: str, namespace: str | None = None) -> list[Obj]: ...


class ApiLookup:
    """`epoch` rises with every change that may change an answer."""

    def __init__(self, api: Reader) -> None:
        self._api = api
        self.epoch = 0
        self.namespace_epoch = 0
        self._namespaces: dict[str, Labels] = {}
        self._selectors: dict[tuple[str, frozenset[tuple[str, str]], str, str], Selector] = {}

    def changed(self, kind: str, old: Obj | None, new: Obj | None) -> None:
        """Forget what a change of such an object makes stale."""
        if kind in OWNERS and old and new and old["spec"].get("selector") == new["spec"].get("selector"):
            return  # only its status or size
        self.epoch += 1
        if kind == "Namespace":
            self._namespaces.clear()
            self.namespace_epoch += 1
        elif kind == "Service" or kind in OWNERS:
            self._selectors.clear()

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._api.get(kind, namespace, name)

    def list(self, kind: str, namespace: str | None = None) -> list[Obj]:
        return self._api.list(kind, namespace)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        found = self._namespaces.get(namespace)
        if found is None:
            obj = self._api.get("Namespace", "", namespace)
            found = self._namespaces[namespace] = (obj["metadata"].get("labels") or NO_LABELS) if obj else NO_LABELS
        return found

    def default_selector(self, pod: PodView) -> Selector:
        """The pods that count as its kind: what its Services and its controller select (helper.DefaultSelector)."""
        owner = _controller(pod.obj)
        kind, name = (owner["kind"], owner["name"]) if owner else ("", "")
        place = (pod.shape.namespace, frozenset(pod.shape.labels.items()), kind, name)
        found = self._selectors.get(place)
        if found is None:
            found = self._selectors[place] = self._select(pod, kind, name)
        return found

    def _select(self, pod: PodView, kind: str, name: str) -> Selector:
        namespace, labels = pod.shape.namespace, pod.shape.labels
        wanted: dict[str, str] = {}
        for service in self._api.list("Service", namespace):
            chosen = service["spec"].get("selector")
            if chosen is not None and all(labels.get(key) == text for key, text in chosen.items()):
                wanted.update(chosen)
        owner = self._api.get(kind, namespace, name) if kind else None
        if owner is None:
            return Selector(equals(wanted)) if wanted else EVERYTHING
        selector = owner["spec"].get("selector")
        if kind == "ReplicationController":
            return Selector(equals({**wanted, **(selector or {})}))
        return narrowed(Selector(equals(wanted)), label_selector(selector).requirements)


def _controller(pod: Obj) -> Obj | None:
    for owner in pod["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner if OWNERS.get(owner["kind"]) == owner["apiVersion"] else None
    return None
