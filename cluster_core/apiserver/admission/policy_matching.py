"""Which requests a policy or webhook is about: rules, selectors, versions.

Models apiserver/pkg/admission/plugin/webhook/predicates and plugin/policy/matching.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.kind import Served
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

_EXEMPT_GROUP = "admissionregistration.k8s.io"


def exempt(attributes: Attributes) -> bool:
    """The configuration of admission itself is never subject to it: nobody can lock himself out."""
    return attributes.kind.group == _EXEMPT_GROUP


def matches(attributes: Attributes, criteria: Mapping[str, Any], *, with_rules: bool = True) -> bool:
    """Whether MatchResources take the request in. A binding's may leave out the rules: then all."""
    if not _namespace_matches(attributes, criteria.get("namespaceSelector")):
        return False
    if not _object_matches(attributes, criteria.get("objectSelector")):
        return False
    equivalent = criteria.get("matchPolicy", "Equivalent") == "Equivalent"
    if any_rule(attributes, criteria.get("excludeResourceRules") or (), equivalent):
        return False
    rules = criteria.get("resourceRules")
    return (not rules and not with_rules) or any_rule(attributes, rules or (), equivalent)


def any_rule(attributes: Attributes, rules: Iterable[Mapping[str, Any]], equivalent: bool) -> bool:
    return any(rule_matches(attributes, rule, equivalent) for rule in rules)


def rule_matches(attributes: Attributes, rule: Mapping[str, Any], equivalent: bool) -> bool:
    """Operation, group, version, resource, scope and name of one RuleWithOperations."""
    if not _has(rule.get("operations"), attributes.operation) or not _scope_matches(attributes, rule.get("scope", "*")):
        return False
    names = rule.get("resourceNames")
    if names and attributes.name not in names:
        return False
    if not _resource_matches(attributes, rule.get("resources") or ()):
        return False
    return any(
        _has(rule.get("apiGroups"), served.group) and _has(rule.get("apiVersions"), served.version)
        for served in _served(attributes, equivalent)
    )


def _served(attributes: Attributes, equivalent: bool) -> Iterator[Served]:
    yield attributes.context.served
    if equivalent:
        yield from attributes.kind.all_served()


def _has(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values or ())


def _scope_matches(attributes: Attributes, scope: str) -> bool:
    return scope == "*" or (scope == "Namespaced") == attributes.kind.namespaced


def _resource_matches(attributes: Attributes, resources: Iterable[str]) -> bool:
    plural, subresource = attributes.kind.plural, attributes.subresource
    for resource in resources:
        name, _, sub = resource.partition("/")
        if name in ("*", plural) and (sub == subresource or sub == "*"):
            return True
    return False


def _namespace_matches(attributes: Attributes, selector: Mapping[str, Any] | None) -> bool:
    """Of the object's namespace, or of the namespace itself; other cluster-scoped objects always match."""
    if not selector:
        return True
    if attributes.kind.name == "Namespace" and not attributes.kind.group:
        owner = attributes.obj or attributes.old
    elif attributes.namespace:
        owner = namespace_of(attributes)
    else:
        return True
    return selectors.compile(selector)(_labels(owner))


def namespace_of(attributes: Attributes) -> Obj | None:
    """The namespace object the request is in."""
    server = attributes.context.server
    if not attributes.namespace or attributes.kind.name == "Namespace":
        return None
    return server.storage.get(server.kinds.named("Namespace", ""), "", attributes.namespace)


def _labels(obj: Obj | None) -> Mapping[str, str]:
    found: Mapping[str, str] = (obj or {}).get("metadata", {}).get("labels") or {}
    return found


def _object_matches(attributes: Attributes, selector: Mapping[str, Any] | None) -> bool:
    """The new object's labels or the old one's."""
    if not selector:
        return True
    match = selectors.compile(selector)
    return any(match(_labels(obj)) for obj in (attributes.obj, attributes.old) if obj is not None)
