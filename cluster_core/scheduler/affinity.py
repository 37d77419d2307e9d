"""Terms of inter-pod affinity and topology spread constraints, compiled.

Models kube-scheduler/framework's AffinityTerm and podtopologyspread's topologySpreadConstraint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.selectors import NOTHING, Labels, Selector
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.matching import equals, label_selector, narrowed

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
IGNORED = "IgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Term:
    """One pod affinity term: which pods (by namespace and labels), and what counts as one place (topology key)."""

    selector: Selector
    namespaces: frozenset[str]
    namespace_selector: Selector
    key: str

    def matches(self, namespace: str, labels: Labels, namespace_labels: Labels) -> bool:
        if namespace not in self.namespaces and not self.namespace_selector.matches(namespace_labels):
            return False
        return self.selector.matches(labels)


@dataclass(frozen=True, slots=True)
class Affinity:
    """A pod's inter-pod rules. Weights of preferred anti-affinity are negative."""

    required: tuple[Term, ...] = ()
    anti: tuple[Term, ...] = ()
    preferred: tuple[tuple[int, Term], ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.required or self.anti or self.preferred)


NO_AFFINITY = Affinity()


def _term(term: Mapping[str, Any], namespace: str) -> Term:
    names, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if not names and selector is None:
        names = (namespace,)
    chosen = NOTHING if selector is None else label_selector(selector)
    return Term(label_selector(term.get("labelSelector")), frozenset(names), chosen, term.get("topologyKey", ""))


def _required(rules: Mapping[str, Any], namespace: str) -> tuple[Term, ...]:
    return tuple(_term(term, namespace) for term in rules.get("requiredDuringScheduling" + IGNORED) or ())


def _preferred(rules: Mapping[str, Any], namespace: str, sign: int) -> tuple[tuple[int, Term], ...]:
    found = rules.get("preferredDuringScheduling" + IGNORED) or ()
    return tuple((sign * int(entry.get("weight", 0)), _term(entry["podAffinityTerm"], namespace)) for entry in found)


def pod_affinity(spec: Obj, namespace: str) -> Affinity:
    rules = spec.get("affinity") or {}
    near, far = rules.get("podAffinity") or {}, rules.get("podAntiAffinity") or {}
    if not near and not far:
        return NO_AFFINITY
    preferred = _preferred(near, namespace, 1) + _preferred(far, namespace, -1)
    return Affinity(_required(near, namespace), _required(far, namespace), preferred)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One topologySpreadConstraint. `honors_*`: whether nodes the pod cannot use are left out of the count."""

    key: str
    max_skew: int
    selector: Selector
    min_domains: int = 1
    honors_affinity: bool = True
    honors_taints: bool = False
    self_match: bool = True


def _constraint(entry: Mapping[str, Any], labels: Labels) -> Constraint:
    selector = label_selector(entry.get("labelSelector"))
    same = {key: labels[key] for key in entry.get("matchLabelKeys") or () if key in labels}
    if same and not selector.nothing:
        selector = narrowed(selector, equals(same))
    return Constraint(
        key=entry["topologyKey"],
        max_skew=int(entry["maxSkew"]),
        selector=selector,
        min_domains=int(entry.get("minDomains") or 1),
        honors_affinity=entry.get("nodeAffinityPolicy", "Honor") == "Honor",
        honors_taints=entry.get("nodeTaintsPolicy", "Ignore") == "Honor",
        self_match=selector.matches(labels),
    )


def constraints(entries: Sequence[Mapping[str, Any]], action: str, labels: Labels) -> tuple[Constraint, ...]:
    """The constraints with this whenUnsatisfiable: DoNotSchedule or ScheduleAnyway."""
    return tuple(_constraint(entry, labels) for entry in entries if entry.get("whenUnsatisfiable") == action)
