"""Remembers that somebody from outside wrote what only the cluster itself writes: status, Events, Leases, endpoints, and
anything of the API server's in etcd. Objects can be made to look genuine; this memory is in no client's reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import ApiRequest, RequestInfo, parse_path
from cluster_core.machinery.typed import Obj
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
_WRITTEN_INSIDE = frozenset({"*", "bindings", "endpoints", "endpointslices", "events", "leases"})
_REGISTRY = "/registry/"
REWRITERS = (
    "MutatingAdmissionPolicy", "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy", "ValidatingWebhookConfiguration",
)  # fmt: skip
"""Kinds whose objects see, and may change or refuse, what others write: the cluster's own parts too."""


@lru_cache(1)
def _built_in() -> frozenset[tuple[str, str]]:
    from cluster_core.simulation import assembly  # it stands on this module's cluster

    return frozenset((kind.group, kind.plural) for kind in assembly.kinds())


class Witness:
    """A part that remembers what it has seen, in words."""

    name = "witness"
    kinds = REWRITERS

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

    def observe(self, change: Change) -> None:
        """Of what changes the cluster's own writing; it may be gone again when somebody looks."""
        if change.new is not None and (what := rewritten(change.new)):
            self.note(f"{change.kind.name} {change.new['metadata']['name']} meddles with {what}, which the cluster itself writes")

    def run(self, key: str) -> None:
        """Nothing is ever planned for it."""

    def dump(self) -> Any:
        return self.seen

    def load(self, state: Any) -> None:
        self.seen = list(state)


def rewritten(obj: Obj) -> str:
    """The resource that an object of `REWRITERS` may change, or refuse, though the cluster itself writes it; "" when none."""
    constraints = _inside(_inside([obj.get("spec")], "matchConstraints"), "resourceRules")
    rules = [*constraints, *_inside(_list(obj.get("webhooks")), "rules")]
    return next((name for rule in rules for name in map(str, _list(rule.get("resources"))) if _is_own(name)), "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _inside(values: list[Any], key: str) -> list[Any]:
    """What maps among these hold at a key, one after the other; of whatever somebody has written."""
    found = [each for value in values if isinstance(value, dict) for each in _list(value.get(key))]
    return [each for each in found if isinstance(each, dict)]


def _is_own(resource: str) -> bool:
    """Of a rule: "pods/status", "*/*", "endpoints"..."""
    name, _, subresource = resource.partition("/")
    return subresource in ("status", "binding", "*") or name in _WRITTEN_INSIDE


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
