"""Nobody grants what he does not hold. Models pkg/registry/rbac/{clusterrole,role,*binding}/policybased and the rule
comparison of component-helpers/auth/rbac/validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cluster_core.apiserver.authorization import GROUP, MASTERS, Action
from cluster_core.apiserver.context import Context
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

Rules = Sequence[Obj]
EVERYTHING: Rules = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
_GC_FIELDS = frozenset({"ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation"})


def check(context: Context, new: Obj, old: Obj | None) -> None:
    """Raises Forbidden when the new Role, ClusterRole or binding grants more than its writer holds."""
    if context.trusted or MASTERS in context.user.groups or (old is not None and _only_for_gc(new, old)):
        return
    if context.kind.name.endswith("Binding"):
        _check_binding(context, new)
    else:
        _check_role(context, new, old)


def _only_for_gc(new: Obj, old: Obj) -> bool:
    """Nothing changes but what the garbage collector needs changed."""
    return _without_gc(new) == _without_gc(old)


def _without_gc(obj: Obj) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _GC_FIELDS}
    return {**obj, "metadata": metadata}


def _check_role(context: Context, role: Obj, old: Obj | None) -> None:
    name = role["metadata"].get("name", "")
    plural, namespace = context.kind.plural, context.namespace
    if _may(context, Action("escalate", GROUP, plural, namespace=namespace, name=name if old else "")):
        return
    _confirm(context, name, role.get("rules") or ())
    if not any((each or {}).get("aggregationRule", {}).get("clusterRoleSelectors") for each in (role, old)):
        return
    if _missing(_held(context), EVERYTHING):
        raise errors.forbidden(GROUP, plural, name, "must have cluster-admin privileges to use the aggregationRule")


def _check_binding(context: Context, binding: Obj) -> None:
    reference = binding.get("roleRef") or {}
    kind, name, namespace = reference.get("kind", ""), reference.get("name", ""), context.namespace
    if kind not in ("Role", "ClusterRole") or not name:
        return
    if _may(context, Action("bind", GROUP, f"{kind.lower()}s", namespace=namespace, name=name)):
        return
    try:
        rules = context.server.authorizer.rbac.role_rules(reference, namespace)
    except errors.NotFound:
        raise errors.not_found(GROUP, context.kind.plural, name) from None
    _confirm(context, binding["metadata"].get("name", ""), rules)


def _may(context: Context, action: Action) -> bool:
    return context.server.authorizer.decide(context.user, action).allowed


def _held(context: Context) -> Rules:
    rules = context.server.authorizer.rbac.rules(context.user, context.namespace, [])
    return [rule for rule, _ in rules]


def _confirm(context: Context, name: str, rules: Rules) -> None:
    missing = _missing(_held(context), rules)
    if not missing:
        return
    user = context.user
    groups = " ".join(map(gofmt.quote, user.groups))
    lines = "\n".join(sorted({compact_text(rule) for rule in _compacted(missing)}))
    text = (
        f"user {gofmt.quote(user.name)} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
        f"{lines}"
    )
    raise errors.forbidden(GROUP, context.kind.plural, name, text)


# ------------------------------------------------------------------------------------------------ comparing rules


def _missing(held: Rules, wanted: Rules) -> list[Obj]:
    """The parts of the wanted rules that no held rule covers."""
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(owner, part) for owner in held)]


def _parts(rule: Obj) -> Iterator[Obj]:
    """The rule in rules of one group, resource, verb and name, or one URL and verb."""
    names = rule.get("resourceNames") or [None]
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                for name in names:
                    part: Obj = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                    yield part if name is None else {**part, "resourceNames": [name]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Obj, part: Obj) -> bool:
    if not _has(owner, "verbs", part):
        return False
    if "nonResourceURLs" in part:
        wanted = part["nonResourceURLs"][0]
        return any(_url_covers(url, wanted) for url in owner.get("nonResourceURLs") or ())
    if not _has(owner, "apiGroups", part) or not _resource_covers(owner, part["resources"][0]):
        return False
    names = owner.get("resourceNames")
    return not names or (bool(part.get("resourceNames")) and part["resourceNames"][0] in names)


def _has(owner: Obj, key: str, part: Obj) -> bool:
    values = owner.get(key) or ()
    return "*" in values or part[key][0] in values


def _resource_covers(owner: Obj, resource: str) -> bool:
    values = owner.get("resources") or ()
    _, slash, subresource = resource.partition("/")
    return "*" in values or resource in values or bool(slash and f"*/{subresource}" in values)


def _url_covers(url: str, wanted: str) -> bool:
    return url in ("*", wanted) or (url.endswith("*") and wanted.startswith(url[:-1]))


def _compacted(rules: list[Obj]) -> list[Obj]:
    """Parts that differ by their verbs only, put together."""
    found: dict[Any, Obj] = {}
    for rule in rules:
        if "nonResourceURLs" in rule:
            found[len(found), "url"] = rule
            continue
        key = (rule["apiGroups"][0], rule["resources"][0], *rule.get("resourceNames", ()))
        seen = found.get(key)
        found[key] = {**rule, "verbs": [*seen["verbs"], *rule["verbs"]]} if seen else rule
    return list(found.values())


_MEMBERS = (
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("NonResourceURLs", "nonResourceURLs"),
    ("ResourceNames", "resourceNames"),
    ("Verbs", "verbs"),
)


def compact_text(rule: Obj) -> str:
    """A rule on one line, as refusals and reviews show it."""
    parts = [f"{label}:[{' '.join(map(gofmt.quote, rule[key]))}]" for label, key in _MEMBERS if rule.get(key)]
    return "{" + ", ".join(parts) + "}"
