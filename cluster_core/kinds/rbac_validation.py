"""What roles and their bindings must be like. Models pkg/apis/rbac/validation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds import checks
from cluster_core.machinery import field, names
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj

GROUP = "rbac.authorization.k8s.io"
_RULES, _SUBJECTS, _ROLE = Path("rules"), Path("subjects"), Path("roleRef")
_KINDS = ("ServiceAccount", "User", "Group")


def role(obj: Obj) -> Errors:
    return _rules(obj, namespaced=True)


def cluster_role(obj: Obj) -> Errors:
    errors, rule = _rules(obj, namespaced=False), obj.get("aggregationRule")
    if rule is None:
        return errors
    path = Path("aggregationRule", "clusterRoleSelectors")
    selectors = rule.get("clusterRoleSelectors") or ()
    if not selectors:
        errors.append(field.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    for number, selector in enumerate(selectors):
        checks.label_selector(errors, path.index(number), selector)
    return errors


def _rules(obj: Obj, *, namespaced: bool) -> Errors:
    errors: Errors = []
    for number, rule in enumerate(obj.get("rules") or ()):
        _rule(errors, _RULES.index(number), rule, namespaced)
    return errors


def _rule(errors: Errors, path: Path, rule: Obj, namespaced: bool) -> None:
    if not rule.get("verbs"):
        errors.append(field.required(path / "verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        where = path / "nonResourceURLs"
        if namespaced:
            errors.append(field.invalid(where, urls, "namespaced rules cannot apply to non-resource URLs"))
        if any(rule.get(key) for key in ("apiGroups", "resources", "resourceNames")):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(field.invalid(where, urls, text))
        return
    for key, word in (("apiGroups", "api group"), ("resources", "resource")):
        if not rule.get(key):
            errors.append(field.required(path / key, f"resource rules must supply at least one {word}"))


def role_binding(obj: Obj) -> Errors:
    return _binding(obj, ("Role", "ClusterRole"), namespaced=True)


def cluster_role_binding(obj: Obj) -> Errors:
    return _binding(obj, ("ClusterRole",), namespaced=False)


def _binding(obj: Obj, kinds: Sequence[str], *, namespaced: bool) -> Errors:
    errors: Errors = []
    reference = obj.get("roleRef") or {}
    group, kind, name = (reference.get(key, "") for key in ("apiGroup", "kind", "name"))
    if group != GROUP:
        errors.append(field.not_supported(_ROLE / "apiGroup", group, (GROUP,)))
    if kind not in kinds:
        errors.append(field.not_supported(_ROLE / "kind", kind, kinds))
    if not name:
        errors.append(field.required(_ROLE / "name"))
    else:
        errors += field.invalid_each(_ROLE / "name", name, names.path_segment_name(name))
    for number, subject in enumerate(obj.get("subjects") or ()):
        _subject(errors, _SUBJECTS.index(number), subject, namespaced)
    return errors


def _subject(errors: Errors, path: Path, subject: Obj, namespaced: bool) -> None:
    kind, name, group = (subject.get(key, "") for key in ("kind", "name", "apiGroup"))
    if not name:
        errors.append(field.required(path / "name"))
    if kind == "ServiceAccount":
        if name:
            errors += field.invalid_each(path / "name", name, names.dns1123_subdomain(name))
        if group:
            errors.append(field.not_supported(path / "apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(field.required(path / "namespace"))
    elif kind not in _KINDS:
        errors.append(field.not_supported(path / "kind", kind, _KINDS))
    elif group != GROUP:
        errors.append(field.not_supported(path / "apiGroup", group, (GROUP,)))


def same_role(new: Obj, old: Obj) -> Errors:
    """A binding stays with its role."""
    reference = new.get("roleRef") or {}
    if reference == (old.get("roleRef") or {}):
        return []
    shown = {
        "APIGroup": reference.get("apiGroup", ""),
        "Kind": reference.get("kind", ""),
        "Name": reference.get("name", ""),
    }
    return [field.invalid(_ROLE, shown, "cannot change roleRef")]
