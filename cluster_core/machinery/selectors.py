"""Label and node selectors: text, objects and matching.

Models apimachinery/pkg/labels, metav1.LabelSelector and component-helpers' node affinity terms. Selectors are compiled
once and cached; matching is a few dict look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cluster_core.machinery import field, names

Labels = Mapping[str, str]
Matcher = Callable[[Labels], bool]

OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt", "exists", "!")
_OBJECT_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_NODE_OPERATORS = {**_OBJECT_OPERATORS, "Gt": "gt", "Lt": "lt"}
_SIGNS = {"gt": ">", "lt": "<", "in": " in ", "notin": " notin "}
_ONE_VALUE = "exact-match compatibility requires one single value"
_ARITY = {
    "in": (1, None, "for 'in', 'notin' operators, values set can't be empty"),
    "notin": (1, None, "for 'in', 'notin' operators, values set can't be empty"),
    "=": (1, 1, _ONE_VALUE),
    "==": (1, 1, _ONE_VALUE),
    "!=": (1, 1, _ONE_VALUE),
    "exists": (0, 0, "values set must be empty for exists and does not exist"),
    "!": (0, 0, "values set must be empty for exists and does not exist"),
    "gt": (1, 1, "for 'Gt', 'Lt' operators, exactly one value is required"),
    "lt": (1, 1, "for 'Gt', 'Lt' operators, exactly one value is required"),
}


class SelectorError(ValueError):
    """The selector is not well-formed; str() is the real server's message."""


def integer(text: str) -> int | None:
    """strconv.ParseInt(text, 10, 64); None when it fails."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


@dataclass(slots=True, frozen=True)
class Requirement:
    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.key)
        if self.operator in ("in", "=", "=="):
            return value is not None and value in self.values
        if self.operator in ("notin", "!="):
            return value is None or value not in self.values
        if self.operator in ("exists", "!"):
            return (value is not None) == (self.operator == "exists")
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        left = integer(value) if value is not None else None
        right = integer(self.values[0]) if len(self.values) == 1 else None
        if left is None or right is None:
            return False
        return left > right if self.operator == "gt" else left < right

    def __str__(self) -> str:
        if self.operator in ("exists", "!"):
            return ("!" if self.operator == "!" else "") + self.key
        joined = ",".join(sorted(self.values))
        listed = f"({joined})" if self.operator in ("in", "notin") else joined
        return f"{self.key}{_SIGNS.get(self.operator, self.operator)}{listed}"


def requirement(key: str, operator: str, values: Iterable[str] = ()) -> Requirement:
    """A checked requirement. Raises SelectorError."""
    values = tuple(values)
    problems = _key_problems(key, "key") + _operator_problems(operator, values)
    for position, value in enumerate(values):
        wrong = names.label_value(value)
        if wrong:
            problems.append(field.invalid(f"values[{position}][{key}]", value, "; ".join(wrong)))
    if problems:
        raise SelectorError(field.aggregate(problems))
    return Requirement(key, operator, values)


def _key_problems(key: str, path: str) -> field.Errors:
    wrong = names.qualified_name(key)
    return [field.invalid(path, key, "; ".join(wrong))] if wrong else []


def _operator_problems(operator: str, values: tuple[str, ...]) -> field.Errors:
    if operator not in _ARITY:
        return [field.not_supported("operator", operator, OPERATORS)]
    low, high, message = _ARITY[operator]
    problems: field.Errors = []
    if len(values) < low or (high is not None and len(values) > high):
        problems.append(field.invalid("values", list(values), message))
    if operator in ("gt", "lt"):
        detail = "for 'Gt', 'Lt' operators, the value must be an integer"
        wrong = ((i, value) for i, value in enumerate(values) if integer(value) is None)
        problems += [field.invalid(f"values[{i}]", value, detail) for i, value in wrong]
    return problems


@dataclass(slots=True, frozen=True)
class Selector:
    """All requirements must hold; none at all selects everything. `nothing` selects nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Labels) -> bool:
        return not self.nothing and all(one.matches(labels) for one in self.requirements)

    def empty(self) -> bool:
        return not self.requirements and not self.nothing

    def exact(self, key: str) -> str | None:
        """The only value `key` may have, when the selector says so."""
        for one in self.requirements:
            if one.key == key:
                return one.values[0] if one.operator in ("=", "==", "in") and len(one.values) == 1 else None
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def _selector(requirements: Iterable[Requirement]) -> Selector:
    return Selector(tuple(sorted(requirements, key=lambda one: one.key)))


def of_map(wanted: Labels | None) -> Selector:
    """A Service's or node's plain map: every pair must be there."""
    return _selector(Requirement(key, "=", (value,)) for key, value in (wanted or {}).items())


def of_object(selector: Mapping[str, Any] | None) -> Selector:
    """A metav1.LabelSelector; None selects nothing, {} everything. Raises SelectorError."""
    if selector is None:
        return NOTHING
    pairs = selector.get("matchLabels") or {}
    found = [requirement(key, "=", (value,)) for key, value in pairs.items()]
    return _selector(found + [_of_expression(one) for one in selector.get("matchExpressions") or ()])


def _of_expression(expression: Mapping[str, Any]) -> Requirement:
    operator = expression.get("operator", "")
    if operator not in _OBJECT_OPERATORS:
        raise SelectorError(f"{field.value_text(operator)} is not a valid label selector operator")
    return requirement(expression.get("key", ""), _OBJECT_OPERATORS[operator], expression.get("values") or ())


Expressions = tuple[tuple[str, str, tuple[str, ...]], ...]


def _expressions(items: Iterable[Mapping[str, Any]] | None) -> Expressions:
    return tuple((e.get("key", ""), e.get("operator", ""), tuple(e.get("values") or ())) for e in items or ())


def compile(selector: Mapping[str, Any] | None) -> Matcher:
    """The fast matcher of a LabelSelector object; one that is not well-formed raises SelectorError."""
    if selector is None:
        return _never
    pairs = tuple((selector.get("matchLabels") or {}).items())
    return _compiled(pairs, _expressions(selector.get("matchExpressions")))


def compile_map(wanted: Labels | None) -> Matcher:
    """The fast matcher of a plain map; None and {} match everything."""
    return _pairs_matcher(tuple((wanted or {}).items()))


def _never(_labels: Labels) -> bool:
    return False


def _always(_labels: Labels) -> bool:
    return True


@lru_cache(4096)
def _compiled(pairs: tuple[tuple[str, str], ...], expressions: Expressions) -> Matcher:
    parts = [{"key": key, "operator": operator, "values": values} for key, operator, values in expressions]
    selector = of_object({"matchLabels": dict(pairs), "matchExpressions": parts})
    return selector.matches if expressions else _pairs_matcher(pairs)


@lru_cache(4096)
def _pairs_matcher(pairs: tuple[tuple[str, str], ...]) -> Matcher:
    if not pairs:
        return _always
    if len(pairs) == 1:
        ((key, value),) = pairs
        return lambda labels: labels.get(key) == value
    return lambda labels: all(labels.get(key) == value for key, value in pairs)


NodeMatcher = Callable[[Labels, str], bool]
"""Takes a node's labels and its name."""


def compile_node_terms(terms: Iterable[Mapping[str, Any]] | None) -> NodeMatcher:
    """NodeSelectorTerms: any one must hold; a term without requirements holds for no node."""
    key = tuple((_expressions(t.get("matchExpressions")), _expressions(t.get("matchFields"))) for t in terms or ())
    return _node_terms(key)


def compile_node_term(term: Mapping[str, Any]) -> NodeMatcher:
    return compile_node_terms((term,))


@lru_cache(4096)
def _node_terms(terms: tuple[tuple[Expressions, Expressions], ...]) -> NodeMatcher:
    compiled = [(_node_requirements(labels), _node_requirements(fields)) for labels, fields in terms if labels or fields]

    def matches(labels: Labels, name: str) -> bool:
        fields = {"metadata.name": name}
        for on_labels, on_fields in compiled:
            if all(one.matches(labels) for one in on_labels) and all(one.matches(fields) for one in on_fields):
                return True
        return False

    return matches


def _node_requirements(expressions: Expressions) -> tuple[Requirement, ...]:
    """An operator nobody knows matches nothing, as a term that upstream cannot parse."""
    return tuple(Requirement(key, _NODE_OPERATORS.get(operator, ""), values) for key, operator, values in expressions)
