"""What roles and their bindings may say. Models pkg/apis/rbac/validation."""

from __future__ import annotations

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import label_selector, name
from cluster_core.machinery import names, selectors
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

GROUP = "rbac.authorization.k8s.io"
_ROLE = Path("roleRef")


def role(found: Obj) -> Errors:
    errors: Errors = []
    _rules(errors, found, namespaced=True)
    return errors


def cluster_role(found: Obj) -> Errors:
    errors: Errors = []
    _rules(errors, found, namespaced=False)
    aggregation = found.get("aggregationRule")
    if aggregation is None:
        return errors
    path = Path("aggregationRule", "clusterRoleSelectors")
    if not aggregation.get("clusterRoleSelectors"):
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(path, detail))
    for index, selector in enumerate(aggregation.get("clusterRoleSelectors") or ()):
        label_selector(errors, path[index], selector)
        try:
            selectors.of_object(selector)
        except selectors.SelectorError:
            errors.append(invalid(path[index], None, "invalid label selector."))
    return errors


def _rules(errors: Errors, found: Obj, *, namespaced: bool) -> None:
    for index, rule in enumerate(found.get("rules") or ()):
        _rule(errors, Path("rules")[index], rule, namespaced)


def _rule(errors: Errors, path: Path, rule: Obj, namespaced: bool) -> None:
    if not rule.get("verbs"):
        errors.append(required(path / "verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            errors.append(invalid(path / "nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid(path / "nonResourceURLs", urls, detail))
        return
    if not rule.get("apiGroups"):
        errors.append(required(path / "apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(path / "resources", "resource rules must supply at least one resource"))


# ------------------------------------------------------------------------------------------------ bindings


def role_binding(found: Obj) -> Errors:
    return _binding(found, ("Role", "ClusterRole"), namespaced=True)


def cluster_role_binding(found: Obj) -> Errors:
    return _binding(found, ("ClusterRole",), namespaced=False)


def role_binding_update(new: Obj, old: Obj) -> Errors:
    return role_binding(new) + _same_role(new, old)


def cluster_role_binding_update(new: Obj, old: Obj) -> Errors:
    return cluster_role_binding(new) + _same_role(new, old)


def _same_role(new: Obj, old: Obj) -> Errors:
    after, before = new.get("roleRef") or {}, old.get("roleRef") or {}
    if after == before:
        return []
    return [invalid(_ROLE, internal("rbac.RoleRef", after), "cannot change roleRef")]


def _binding(found: Obj, kinds: tuple[str, ...], *, namespaced: bool) -> Errors:
    errors: Errors = []
    reference = found.get("roleRef") or {}
    if reference.get("apiGroup", "") != GROUP:
        errors.append(not_supported(_ROLE / "apiGroup", reference.get("apiGroup", ""), (GROUP,)))
    if reference.get("kind") not in kinds:
        errors.append(not_supported(_ROLE / "kind", reference.get("kind", ""), kinds))
    if reference.get("name"):
        name(errors, _ROLE / "name", reference["name"], names.path_segment_name)
    else:
        errors.append(required(_ROLE / "name"))
    for index, subject in enumerate(found.get("subjects") or ()):
        _subject(errors, Path("subjects")[index], subject, namespaced)
    return errors


def _subject(errors: Errors, path: Path, subject: Obj, namespaced: bool) -> None:
    kind, group, wanted = subject.get("kind", ""), subject.get("apiGroup", ""), subject.get("name", "")
    if not wanted:
        errors.append(required(path / "name"))
    if kind == "ServiceAccount":
        if wanted:
            name(errors, path / "name", wanted, names.dns1123_subdomain)
        if group:
            errors.append(not_supported(path / "apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(path / "namespace"))
    elif kind in ("User", "Group"):
        if group != GROUP:
            errors.append(not_supported(path / "apiGroup", group, (GROUP,)))
    else:
        errors.append(not_supported(path / "kind", kind, ("ServiceAccount", "User", "Group")))
