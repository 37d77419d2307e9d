"""Rules, selectors and match conditions of policies and webhooks: defaults and checks.

Models pkg/apis/admissionregistration/v1/defaults.go and validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.kinds import checks
from cluster_core.kinds.policy_expressions import expression_problems
from cluster_core.machinery import field, names
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj

FAILURES = ("Fail", "Ignore")
_POLICIES = ("Equivalent", "Exact")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
_MOST_CONDITIONS = 64


# ------------------------------------------------------------------------------------------------ defaults


def default_rule(rule: Obj) -> Obj:
    return rule if rule.get("scope") is not None else {**rule, "scope": "*"}


def default_criteria(criteria: Obj) -> Obj:
    """MatchResources with everything that means "all"."""
    result: dict[str, Any] = {"namespaceSelector": {}, "objectSelector": {}, "matchPolicy": "Equivalent", **criteria}
    for key in ("resourceRules", "excludeResourceRules"):
        if criteria.get(key):
            result[key] = [default_rule(rule) for rule in criteria[key]]
    return result


def default_hook(hook: Obj) -> Obj:
    """A webhook of either sort."""
    fixed = {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
    result: dict[str, Any] = {**fixed, "timeoutSeconds": 10, **hook}
    if hook.get("rules"):
        result["rules"] = [default_rule(rule) for rule in hook["rules"]]
    service = (hook.get("clientConfig") or {}).get("service")
    if service is not None and service.get("port") is None:
        result["clientConfig"] = {**hook["clientConfig"], "service": {**service, "port": 443}}
    return result


# ------------------------------------------------------------------------------------------------ checks


def criteria(errors: Errors, path: Path, found: Obj | None) -> None:
    """MatchResources."""
    if found is None:
        return
    checks.supported(errors, path / "matchPolicy", found.get("matchPolicy", "Equivalent"), _POLICIES)
    for key in ("namespaceSelector", "objectSelector"):
        checks.label_selector(errors, path / key, found.get(key) or {})
    for key in ("resourceRules", "excludeResourceRules"):
        for number, rule in enumerate(found.get(key) or ()):
            _resource_names(errors, (path / key).index(number) / "resourceNames", rule.get("resourceNames") or ())
            rule_problems(errors, (path / key).index(number), rule)


def _resource_names(errors: Errors, path: Path, given: Sequence[str]) -> None:
    for number, name in enumerate(given):
        errors += field.invalid_each(path.index(number), name, names.path_segment_name(name))
        if name in given[:number]:
            errors.append(field.duplicate(path.index(number), name))


def rule_problems(errors: Errors, path: Path, rule: Obj) -> None:
    """RuleWithOperations."""
    _operations(errors, path / "operations", rule.get("operations") or ())
    for key, word in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        if not rule.get(key):
            errors.append(field.required(path / key))
        _alone(errors, path / key, rule.get(key) or (), word)
    for number, version in enumerate(rule.get("apiVersions") or ()):
        if not version:
            errors.append(field.required((path / "apiVersions").index(number)))
    _resources(errors, path / "resources", rule.get("resources") or ())
    if rule.get("scope") is not None and rule["scope"] not in _SCOPES:
        errors.append(field.not_supported(path / "scope", rule["scope"], _SCOPES))


def _operations(errors: Errors, path: Path, operations: Sequence[str]) -> None:
    if not operations:
        errors.append(field.required(path))
    _alone(errors, path, operations, "operations")
    for number, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            errors.append(field.not_supported(path.index(number), operation, _OPERATIONS))


def _alone(errors: Errors, path: Path, values: Sequence[str], word: str) -> None:
    if len(values) > 1 and "*" in values:
        errors.append(field.invalid(path, values, f"if '*' is present, must not specify other {word}"))


def _resources(errors: Errors, path: Path, resources: Sequence[str]) -> None:
    if not resources:
        errors.append(field.required(path))
    seen: set[str] = set()
    for number, resource in enumerate(resources):
        if not resource:
            errors.append(field.required(path.index(number)))
            continue
        name, slash, subresource = resource.partition("/")
        for wider in (f"{name}/*", f"*/{subresource}") if slash else ():
            if wider in seen:
                text = f"if '{wider}' is present, must not specify {resource}"
                errors.append(field.invalid(path.index(number), resource, text))
        seen.add(resource)
    if len(resources) > 1 and "*/*" in resources:
        errors.append(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and any(resource != "*" and "/" not in resource for resource in resources):
        text = "if '*' is present, must not specify other resources without subresources"
        errors.append(field.invalid(path, resources, text))


def conditions(errors: Errors, path: Path, found: Sequence[Mapping[str, Any]], *, params: bool) -> None:
    """Match conditions: named expressions that are true or false."""
    if len(found) > _MOST_CONDITIONS:
        errors.append(field.too_many(path, len(found), _MOST_CONDITIONS))
    seen: set[str] = set()
    for number, condition in enumerate(found):
        where, expression, name = path.index(number), condition.get("expression", ""), condition.get("name", "")
        if not expression.strip():
            errors.append(field.required(where / "expression"))
        else:
            errors += expression_problems(where / "expression", expression.strip(), ("bool",), params=params)
        if not name:
            errors.append(field.required(where / "name"))
            continue
        errors += field.invalid_each(where / "name", name, names.qualified_name(name))
        if name in seen:
            errors.append(field.duplicate(where / "name", name))
        seen.add(name)
