"""Remembers that somebody from outside wrote what only the cluster itself writes: status, Events, Leases, endpoints, and
anything of the API server's in etcd. Objects can be made to look genuine; this memory is in no client's reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cluster_core.apiserver.request import ApiRequest, RequestInfo, parse_path
from cluster_core.simulation.outside import Input

MOST = 20
_OWN = {
    ("", "events"), ("events.k8s.io", "events"), ("", "endpoints"), ("discovery.k8s.io", "endpointslices"),
}  # fmt: skip
_LEASES = ("coordination.k8s.io", "leases")
_SYSTEM = ("kube-node-lease", "kube-system")
"""Elsewhere Leases are for whoever needs them."""
_MADE_BY_CLUSTER = {("", "nodes"), ("", "bindings")}
"""May be changed by people, but come into being by themselves."""
_REGISTRY = "/registry/"


@lru_cache(1)
def _built_in() -> frozenset[tuple[str, str]]:
    from cluster_core.simulation import assembly  # it stands on this module's cluster

    return frozenset((kind.group, kind.plural) for kind in assembly.kinds())


class Witness:
    """A part that remembers what it has seen, in words."""

    name = "witness"
    kinds = ()

    def __init__(self, who: Callable[[ApiRequest], str]) -> None:
        """`who`: the name of whoever asks."""
        self._who = who
        self.seen: list[str] = []

    def hear(self, given: Input) -> None:
        request = given.request
        if request is None or not given.changed or given.status >= 400:
            return
        info = parse_path(request.path, request.method)
        if info is not None and (what := forged(info)):
            self.note(f"{what} was written by {self._who(request)}")

    def hear_etcd(self, operation: str, args: Mapping[str, Any]) -> None:
        """An operation that etcd has carried out for a client of its own."""
        if operation == "restore":
            self.note("etcd was restored from a snapshot")
        elif key := next((key for key, end in _written(operation, args) if _touches(key, end)), ""):
            self.note(f"{key} was written to etcd directly")

    def note(self, what: str) -> None:
        if len(self.seen) < MOST and what not in self.seen:
            self.seen.append(what)

    def observe(self, change: Any) -> None:
        """It hears of nothing inside."""

    def run(self, key: str) -> None:
        """Nothing is ever planned for it."""

    def dump(self) -> Any:
        return self.seen

    def load(self, state: Any) -> None:
        self.seen = list(state)


def forged(info: RequestInfo) -> str:
    """What the cluster writes itself and this request wrote, "" when it is nothing of the kind."""
    if info.verb in ("delete", "deletecollection"):
        return ""  # what the cluster needs it makes again
    resource = (info.group, info.resource)
    where = "/".join(filter(None, (info.resource, info.namespace, info.name)))
    if resource in _OWN or (resource == _LEASES and info.namespace in _SYSTEM):
        return where
    if info.subresource == "status" and resource in _built_in():
        return f"the status of {where}"
    if (resource in _MADE_BY_CLUSTER and info.verb == "create") or info.subresource == "binding":
        return where
    return ""


def _written(operation: str, args: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(key, end of a range or "") of what an operation may have written."""
    if operation in ("put", "delete"):
        return [(args["key"], args.get("end", ""))]
    if operation == "txn":
        both = [*args["success"], *args["failure"]]
        return [pair for name, each in both if name in ("put", "delete") for pair in _written(name, each)]
    return []


def _touches(key: str, end: str) -> bool:
    """Whether keys of the API server are among these."""
    return key.startswith(_REGISTRY) or (bool(end) and key <= _REGISTRY and (end == "\0" or end > _REGISTRY))
