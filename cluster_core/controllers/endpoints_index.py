"""Which services select which pods, kept up to date with every change of a pod instead of looking through all of them.

Lives in a controller's cache: it is built from the store when it is first needed. Models client-go's indexers and
endpointslice/util's service selector cache.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

Selector = Mapping[str, str]
Pair = tuple[str, str]


class NamespaceIndex:
    """The services of one namespace by the first pair of their selectors, and the pods that each selects."""

    def __init__(self, context: Context, namespace: str) -> None:
        self._context = context
        self._namespace = namespace
        self._selectors: dict[str, Selector] = {}
        self._buckets: defaultdict[Pair, dict[str, Selector]] = defaultdict(dict)
        self._members: dict[str, dict[str, None]] = {}
        for service in context.api.list("Service", namespace):
            self.note_service(service)

    def note_service(self, service: Obj) -> None:
        """The service as it is now; its pods are looked up anew when its selector has changed."""
        name = service["metadata"]["name"]
        selector = service["spec"].get("selector") or {}
        before = self._selectors.get(name, {})
        if selector == before:
            return
        if before:
            self.forget_service(name)
        if selector:
            self._selectors[name] = selector
            self._buckets[_first(selector)][name] = selector

    def forget_service(self, name: str) -> None:
        selector = self._selectors.pop(name, {})
        self._members.pop(name, None)
        if selector:
            self._buckets[_first(selector)].pop(name, None)

    def selecting(self, labels: Selector) -> list[str]:
        """Names of the services that select these labels."""
        pairs = labels.items()
        buckets = (self._buckets[pair] for pair in pairs if pair in self._buckets)
        return [name for bucket in buckets for name, selector in bucket.items() if selector.items() <= pairs]

    def note_pod(self, pod: Obj) -> list[str]:
        """A form of the pod that is or was: names of the services that select it, whose members follow."""
        metadata = pod["metadata"]
        name, labels = metadata["name"], metadata.get("labels") or {}
        services = self.selecting(labels)
        if services:
            now = self._context.api.get("Pod", self._namespace, name)
            present = (now["metadata"].get("labels") or {}).items() if now is not None else None
            for service in services:
                self._note_member(service, name, present is not None and self._selectors[service].items() <= present)
        return services

    def _note_member(self, service: str, pod: str, belongs: bool) -> None:
        members = self._members.get(service)
        if members is not None and belongs:
            members[pod] = None
        elif members is not None:
            members.pop(pod, None)

    def pods(self, service: str) -> list[Obj]:
        """The pods that the service selects, by name."""
        api, namespace = self._context.api, self._namespace
        found = (api.get("Pod", namespace, name) for name in sorted(self._names(service)))
        return [pod for pod in found if pod is not None]

    def _names(self, service: str) -> dict[str, None]:
        selector = self._selectors.get(service)
        if selector is None:
            return {}
        members = self._members.get(service)
        if members is None:
            members = self._members[service] = self._look_up(selector)
        return members

    def _look_up(self, selector: Selector) -> dict[str, None]:
        wanted, pods = selector.items(), self._context.api.list("Pod", self._namespace)
        return {pod["metadata"]["name"]: None for pod in pods if wanted <= (pod["metadata"].get("labels") or {}).items()}

    def size(self, service: str) -> int:
        return len(self._names(service))


def _first(selector: Selector) -> Pair:
    return min(selector.items())


def of(context: Context, namespace: str) -> NamespaceIndex:
    index: NamespaceIndex | None = context.cache.get(namespace)
    if index is None:
        index = context.cache[namespace] = NamespaceIndex(context, namespace)
    return index


def services_of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """A `Keys` function: the services of its namespace that select the pod."""
    namespace = pod["metadata"]["namespace"]
    return [f"{namespace}/{name}" for name in of(context, namespace).note_pod(pod)]


def service_itself(context: Context, service: Obj) -> Iterable[str]:
    """A `Keys` function: the service's own key."""
    namespace, name = split_key(object_key(service))
    now = context.api.get("Service", namespace, name)
    if now is None:
        of(context, namespace).forget_service(name)
    else:
        of(context, namespace).note_service(now)
    return (object_key(service),)


def latency(context: Context, key: str) -> float:
    """Seconds from a change to its work: longer for large services, so that their many changes are taken together."""
    namespace, name = split_key(key)
    return min(1.0, 0.1 + of(context, namespace).size(name) / 5000)
