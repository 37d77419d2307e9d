"""Selectors compiled once: label selectors, node selectors, tolerations.

Models apimachinery's labels.Selector, component-helpers' nodeaffinity and tolerations (v1.36: Gt and Lt compare integers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.typed import Obj

Labels = Mapping[str, str]
NO_LABELS: Labels = {}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One test of one label. Operators as in a node selector: In, NotIn, Exists, DoesNotExist, Gt, Lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        text = labels.get(self.key)
        operator = self.operator
        if operator == "In":
            return text in self.values
        if operator == "NotIn":
            return text not in self.values
        if operator == "Exists":
            return text is not None
        if operator == "DoesNotExist":
            return text is None
        return text is not None and _compares(text, operator, self.values)


def _compares(text: str, operator: str, values: frozenset[str]) -> bool:
    try:
        left, right = int(text), int(next(iter(values)))
    except (ValueError, StopIteration):
        return False
    return left > right if operator == "Gt" else left < right


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold. `nothing` matches no labels; no requirement at all matches every label set."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Labels) -> bool:
        if self.nothing:
            return False
        return all(requirement.matches(labels) for requirement in self.requirements)

    @property
    def empty(self) -> bool:
        return not self.nothing and not self.requirements

    def plus(self, more: Sequence[Requirement]) -> Selector:
        return self if self.nothing else Selector((*more, *self.requirements))


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def equals(labels: Labels) -> tuple[Requirement, ...]:
    return tuple(Requirement(key, "In", frozenset((text,))) for key, text in sorted(labels.items()))


def _requirement(expression: Mapping[str, Any]) -> Requirement:
    return Requirement(expression["key"], expression["operator"], frozenset(expression.get("values") or ()))


def label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """A metav1.LabelSelector: absent matches nothing, empty matches everything."""
    if selector is None:
        return NOTHING
    expressions = tuple(_requirement(expression) for expression in selector.get("matchExpressions") or ())
    return Selector(equals(selector.get("matchLabels") or {}) + expressions)


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
