"""Where a pod may go: affinity, spreading, tolerations. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import (
    NOT_POSITIVE,
    choice,
    label_key,
    label_selector,
    label_values,
    name,
    requirement_values,
    supported,
)
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_POLICIES = ("Honor", "Ignore")
_WEIGHT = "must be in the range 1-100"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def affinity(errors: Errors, path: Path, found: Obj) -> None:
    node = found.get("nodeAffinity")
    if node is not None:
        _node_affinity(errors, path / "nodeAffinity", node)
    for key in ("podAffinity", "podAntiAffinity"):
        if found.get(key) is not None:
            _pod_affinity(errors, path / key, found[key])


def _node_affinity(errors: Errors, path: Path, found: Obj) -> None:
    if found.get(_REQUIRED) is not None:
        node_selector(errors, path / _REQUIRED, found[_REQUIRED])
    for index, one in enumerate(found.get(_PREFERRED) or ()):
        at = (path / _PREFERRED)[index]
        _weight(errors, at, one)
        node_selector_term(errors, at / "preference", one.get("preference") or {}, any_value=True)


def _weight(errors: Errors, path: Path, weighted: Obj) -> None:
    if not 0 < weighted.get("weight", 0) <= 100:
        errors.append(invalid(path / "weight", weighted.get("weight", 0), _WEIGHT))


def node_selector(errors: Errors, path: Path, selector: Obj) -> None:
    """A NodeSelector: at least one term."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        errors.append(required(path / "nodeSelectorTerms", "must have at least one node selector term"))
        return
    for index, term in enumerate(terms):
        node_selector_term(errors, (path / "nodeSelectorTerms")[index], term)


def node_selector_term(errors: Errors, path: Path, term: Obj, *, any_value: bool = False) -> None:
    for index, one in enumerate(term.get("matchExpressions") or ()):
        _node_requirement(errors, (path / "matchExpressions")[index], one, any_value)
    for index, one in enumerate(term.get("matchFields") or ()):
        _field_requirement(errors, (path / "matchFields")[index], one)


def _node_requirement(errors: Errors, path: Path, expression: Obj, any_value: bool) -> None:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    requirement_values(errors, path, operator, values)
    if operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(required(path / "values", detail))
    elif operator not in _OPERATORS:
        errors.append(invalid(path / "operator", operator, "not a valid selector operator"))
    label_key(errors, path / "key", expression.get("key", ""))
    if not any_value:
        label_values(errors, path / "values", values)


def _field_requirement(errors: Errors, path: Path, expression: Obj) -> None:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    if operator not in ("In", "NotIn"):
        errors.append(invalid(path / "operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(path / "values", detail))
    if expression.get("key") != "metadata.name":
        errors.append(invalid(path / "key", expression.get("key", ""), "not a valid field selector key"))
        return
    for index, value in enumerate(values):
        name(errors, (path / "values")[index], value, names.dns1123_subdomain)


def _pod_affinity(errors: Errors, path: Path, found: Obj) -> None:
    for index, term in enumerate(found.get(_REQUIRED) or ()):
        _term(errors, (path / _REQUIRED)[index], term)
    for index, one in enumerate(found.get(_PREFERRED) or ()):
        at = (path / _PREFERRED)[index]
        _weight(errors, at, one)
        _term(errors, at / "podAffinityTerm", one.get("podAffinityTerm") or {})


def _term(errors: Errors, path: Path, term: Obj) -> None:
    label_selector(errors, path / "labelSelector", term.get("labelSelector"))
    label_selector(errors, path / "namespaceSelector", term.get("namespaceSelector"))
    for namespace in term.get("namespaces") or ():
        name(errors, path / "namespace", namespace, names.dns1123_label)
    _label_keys(errors, path, term)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(required(path / "topologyKey", "can not be empty"))
    label_key(errors, path / "topologyKey", key)


def _label_keys(errors: Errors, path: Path, term: Obj) -> None:
    """matchLabelKeys and mismatchLabelKeys, which must not say again what the selector says."""
    match, mismatch = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    if not match and not mismatch:
        return
    selector = term.get("labelSelector")
    for key, found in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if found and selector is None:
            errors.append(forbidden(path / key, "must not be specified when labelSelector is not set"))
            continue
        for index, one in enumerate(found):
            label_key(errors, (path / key)[index], one)
    if selector is not None:
        _repeated(errors, path, match, selector)
    for index, one in enumerate(match):
        if one in mismatch:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid((path / "matchLabelKeys")[index], one, detail))


def _repeated(errors: Errors, path: Path, match: Sequence[str], selector: Obj) -> None:
    """The server itself has added an expression per key; a second mention is the client's."""
    at = {key: index for index, key in enumerate(match)}
    seen = set(selector.get("matchLabels") or ())
    for expression in selector.get("matchExpressions") or ():
        key = expression.get("key", "")
        if key in at and key in seen:
            errors.append(invalid(path[at[key]], key, "exists in both matchLabelKeys and labelSelector"))
        seen.add(key)


# ------------------------------------------------------------------------------------------------ spreading


def topology_spread(errors: Errors, path: Path, constraints: Sequence[Obj]) -> None:
    for index, constraint in enumerate(constraints):
        at, action = path[index], constraint.get("whenUnsatisfiable", "")
        if constraint.get("maxSkew", 0) <= 0:
            errors.append(invalid(at / "maxSkew", constraint.get("maxSkew", 0), NOT_POSITIVE))
        if not constraint.get("topologyKey"):
            errors.append(required(at / "topologyKey", "can not be empty"))
        if action not in _ACTIONS:
            errors.append(not_supported(at / "whenUnsatisfiable", action, _ACTIONS))
        _not_again(errors, at, constraint, constraints[index + 1 :])
        _min_domains(errors, at / "minDomains", constraint.get("minDomains"), action)
        for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            supported(errors, at / key, constraint.get(key), _POLICIES)
        _label_keys(errors, at, constraint)
        label_selector(errors, at / "labelSelector", constraint.get("labelSelector"))


def _not_again(errors: Errors, path: Path, constraint: Obj, rest: Sequence[Obj]) -> None:
    pair = (constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", ""))
    if any((one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")) == pair for one in rest):
        errors.append(duplicate(path / "{topologyKey, whenUnsatisfiable}", f"{{{pair[0]}, {pair[1]}}}"))


def _min_domains(errors: Errors, path: Path, count: int | None, action: str) -> None:
    if count is None:
        return
    if count <= 0:
        errors.append(invalid(path, count, NOT_POSITIVE))
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(invalid(path, count, detail))


# ------------------------------------------------------------------------------------------------ tolerations and taints


def tolerations(errors: Errors, path: Path, found: Sequence[Obj]) -> None:
    for index, toleration in enumerate(found):
        at, key, operator = path[index], toleration.get("key", ""), toleration.get("operator", "")
        if key:
            label_key(errors, at / "key", key)
        elif operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(at / "operator", operator, detail))
        effect = toleration.get("effect", "")
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(at / "effect", effect, detail))
        _operator(errors, at / "operator", operator, toleration.get("value", ""))
        if effect:
            taint_effect(errors, at / "effect", effect)


def _operator(errors: Errors, path: Path, operator: str, value: str) -> None:
    if operator in ("", "Equal"):
        problems = names.label_value(value)
        if problems:
            errors.append(invalid(path, value, ";".join(problems)))
    elif operator == "Exists":
        if value:
            errors.append(invalid(path, value, "value must be empty when `operator` is 'Exists'"))
    elif operator in ("Lt", "Gt"):
        errors.append(not_supported(path, operator, ("Equal", "Exists", "Lt", "Gt")))
    else:
        errors.append(not_supported(path, operator, ("Equal", "Exists")))


def taint_effect(errors: Errors, path: Path, effect: str) -> None:
    """The effect of a taint or toleration that says one; a taint's must be there."""
    choice(errors, path, effect, _EFFECTS)
