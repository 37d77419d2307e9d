"""What a pod says about nodes and other pods, compiled once: label selectors, node terms, tolerations.

Models component-helpers' nodeaffinity and core/v1 tolerations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.selectors import NOTHING, Labels, Requirement, Selector, SelectorError, of_map, of_object
from cluster_core.machinery.typed import Obj

NO_LABELS: Labels = {}


_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


def equals(labels: Labels) -> tuple[Requirement, ...]:
    return of_map(labels).requirements


def narrowed(selector: Selector, more: Sequence[Requirement]) -> Selector:
    """The selector with further requirements."""
    return selector if selector.nothing else Selector((*more, *selector.requirements))


def label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """A metav1.LabelSelector: absent matches nothing, empty everything, one that is not well-formed nothing."""
    try:
        return of_object(selector)
    except SelectorError:
        return NOTHING


def _requirement(expression: Mapping[str, Any]) -> Requirement:
    return Requirement(expression["key"], _OPERATORS[expression["operator"]], tuple(expression.get("values") or ()))


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One nodeSelectorTerm: labels and fields must match. A term without any requirement matches no node."""

    labels: tuple[Requirement, ...]
    fields: tuple[Requirement, ...]

    def matches(self, name: str, labels: Labels) -> bool:
        if not self.labels and not self.fields:
            return False
        if self.fields and not all(field.matches({"metadata.name": name}) for field in self.fields):
            return False
        return all(requirement.matches(labels) for requirement in self.labels)


def node_term(term: Mapping[str, Any]) -> NodeTerm:
    return NodeTerm(
        tuple(_requirement(expression) for expression in term.get("matchExpressions") or ()),
        tuple(_requirement(expression) for expression in term.get("matchFields") or ()),
    )


@dataclass(frozen=True, slots=True)
class RequiredNodes:
    """Where a pod may run at all: its nodeSelector and any one of the required terms (None: no such rule)."""

    labels: tuple[Requirement, ...] = ()
    terms: tuple[NodeTerm, ...] | None = None

    def matches(self, name: str, labels: Labels) -> bool:
        if not all(requirement.matches(labels) for requirement in self.labels):
            return False
        return self.terms is None or any(term.matches(name, labels) for term in self.terms)

    @property
    def free(self) -> bool:
        return not self.labels and self.terms is None


def node_terms(selector: Mapping[str, Any] | None) -> tuple[NodeTerm, ...] | None:
    return None if selector is None else tuple(node_term(term) for term in selector.get("nodeSelectorTerms") or ())


def required_nodes(spec: Obj) -> RequiredNodes:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = node_terms(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    return RequiredNodes(equals(spec.get("nodeSelector") or {}), terms)


def preferred_nodes(affinity: Mapping[str, Any]) -> tuple[tuple[int, NodeTerm], ...]:
    """(weight, term) of the preferred node affinity; a term without requirements is left out."""
    found = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    pairs = ((int(entry.get("weight", 0)), node_term(entry.get("preference") or {})) for entry in found)
    return tuple((weight, term) for weight, term in pairs if weight and (term.labels or term.fields))


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str
    operator: str
    value: str
    effect: str

    def tolerates(self, taint: Taint) -> bool:
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        if self.operator == "Exists":
            return True
        return self.operator in ("", "Equal") and self.value == taint.value


UNSCHEDULABLE = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule")


def taints(spec: Obj) -> tuple[Taint, ...]:
    return tuple(Taint(t["key"], t.get("value", ""), t.get("effect", "")) for t in spec.get("taints") or ())


def tolerations(spec: Obj) -> tuple[Toleration, ...]:
    found = spec.get("tolerations") or ()
    return tuple(
        Toleration(t.get("key", ""), t.get("operator", ""), t.get("value", ""), t.get("effect", "")) for t in found
    )


def tolerated(tolerations: Sequence[Toleration], taint: Taint) -> bool:
    return any(toleration.tolerates(taint) for toleration in tolerations)


def repels(tolerations: Sequence[Toleration], taints: Sequence[Taint]) -> bool:
    """Whether a NoSchedule or NoExecute taint is not tolerated."""
    return any(t.effect in ("NoSchedule", "NoExecute") and not tolerated(tolerations, t) for t in taints)
