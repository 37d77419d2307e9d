"""What a kind of check is made of, and the cluster as checks see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj
from cluster_core.simulation import assembly
from cluster_core.simulation.cluster import Cluster
from playground.grading.saying import Said

Spec = Any
Problems = Iterable[tuple[list[str | int], str]]
Reference = tuple[str, str, str]
"""(kind, namespace, name)"""
ANYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found at one moment. `share`: how much of what was asked is there, 0 to 1; `objects`: what it is about."""

    ok: bool
    message: str
    objects: Sequence[Reference] = ()
    share: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)


def passed(message: str, objects: Iterable[Obj] = (), **detail: Any) -> Finding:
    return Finding(True, message, references(objects), 1.0, detail)


def failed(message: str, objects: Iterable[Obj] = (), *, share: float = 0.0, **detail: Any) -> Finding:
    return Finding(False, message, references(objects), share, detail)


def references(objects: Iterable[Obj]) -> list[Reference]:
    return [(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) for obj in objects]


def nothing_wrong(spec: Spec) -> Problems:
    return ()


@dataclass(frozen=True, slots=True)
class CheckKind:
    """`kinds(spec)`: the kinds of objects on which the answer depends, None when on anything, time too."""

    name: str
    evaluate: Callable[[Spec, View], Finding]
    kinds: Callable[[Spec], frozenset[str] | None]
    problems: Callable[[Spec], Problems] = nothing_wrong


class View:
    """A cluster, read only."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.api = cluster.world.client("playground:grader")

    @property
    def seconds(self) -> float:
        return self.cluster.clock.elapsed

    def kind(self, spec: Mapping[str, Any]) -> Kind | None:
        """The kind a check names; None when the cluster has none such (a CustomResourceDefinition may be missing)."""
        version = spec.get("apiVersion")
        group = version.rpartition("/")[0] if version else None
        try:
            return self.api.kind(spec["kind"], group)
        except KeyError:
            return None

    def objects(self, spec: Mapping[str, Any], kind_name: str = "") -> list[Obj]:
        """The objects a check chooses by kind, namespace, name and selector, by their names."""
        kind = self.kind({"kind": kind_name, **spec} if kind_name else spec)
        if kind is None:
            return []
        place = spec.get("namespace", "default") if kind.namespaced else ANYWHERE
        found = self.cluster.server.storage.list(kind, None if place == ANYWHERE else place)
        if "name" in spec:
            found = [obj for obj in found if obj["metadata"]["name"] == spec["name"]]
        if "selector" in spec:
            chosen = selectors.compile(label_selector(spec["selector"]))
            found = [obj for obj in found if chosen(obj["metadata"].get("labels") or {})]
        present = self.cluster.server.present.get(kind.name)
        found = [present(obj) for obj in found] if present else found
        return sorted(found, key=lambda obj: (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))


def label_selector(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A LabelSelector; plain labels stand for matchLabels."""
    return given if {"matchLabels", "matchExpressions"} & set(given) else {"matchLabels": given}


def described(spec: Mapping[str, Any], kind_name: str = "") -> Said:
    """The objects a check chooses, in words: Pod with app=web in namespace default."""
    text = spec.get("kind", kind_name)
    if "name" in spec:
        text += f" {spec['name']}"
    if "selector" in spec:
        labels = label_selector(spec["selector"]).get("matchLabels") or {}
        shown = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        text = Said("%(objects)s with %(labels)s", objects=text, labels=shown)
    place = spec.get("namespace", "default")
    if place == ANYWHERE:
        return Said("%(objects)s in any namespace", objects=text)
    return Said("%(objects)s in namespace %(namespace)s", objects=text, namespace=place)


def none_of(spec: Mapping[str, Any], kind_name: str = "") -> Finding:
    """Nothing is there that the check could look at."""
    return failed(Said("there is no %(objects)s", objects=described(spec, kind_name)))


@lru_cache(1)
def kind_names() -> frozenset[str]:
    return frozenset(kind.name for kind in assembly.kinds())


def known_kind(spec: Mapping[str, Any]) -> Problems:
    """Kinds without an apiVersion must be built in."""
    if "kind" in spec and "apiVersion" not in spec and spec["kind"] not in kind_names():
        yield ["kind"], f'there is no built-in kind "{spec["kind"]}"; give apiVersion for one of your own'


def only(name: str) -> Callable[[Spec], frozenset[str] | None]:
    """Depends on objects of one kind."""
    return lambda spec: frozenset([name])


def its_kind(spec: Spec) -> frozenset[str] | None:
    """Depends on objects of the kind the check names."""
    return frozenset([spec["kind"]])


def anything(spec: Spec) -> frozenset[str] | None:
    return None


def is_ready(obj: Obj) -> bool:
    """Whether its Ready condition is true and it is not being deleted."""
    conditions = obj.get("status", {}).get("conditions") or ()
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and "deletionTimestamp" not in obj["metadata"]
