"""What flow schemas and priority levels may say. Models pkg/apis/flowcontrol/validation."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

from cluster_core.kinds.checks import name
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_EXEMPT = "exempt"
_MAX_PRECEDENCE, _MAX_QUEUES, _HASH_BITS = 10000, 10_000_000, 60
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}


def flow_schema(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    _precedence(errors, spec.get("matchingPrecedence", 0), found["metadata"].get("name", ""))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
        path = _SPEC.child("distinguisherMethod", "type")
        errors.append(not_supported(path, {"Type": method.get("type", "")}, ("ByNamespace", "ByUser")))
    level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
    path = _SPEC.child("priorityLevelConfiguration", "name")
    if level:
        name(errors, path, level, names.dns1123_subdomain)
    else:
        errors.append(required(path, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        _rules(errors, (_SPEC / "rules")[index], rule)
    return errors + flow_schema_status(found)


def flow_schema_status(found: Obj) -> Errors:
    """Condition types, each once; the same for priority levels."""
    errors: Errors = []
    seen: set[str] = set()
    for index, one in enumerate((found.get("status") or {}).get("conditions") or ()):
        path, kind = Path("status", "conditions")[index] / "type", one.get("type", "")
        if kind in seen:
            errors.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errors.append(required(path))
    return errors


priority_level_status = flow_schema_status


def _precedence(errors: Errors, value: int, wanted: str) -> None:
    path = _SPEC / "matchingPrecedence"
    if value <= 0:
        errors.append(invalid(path, value, "must be a positive value"))
    if value > _MAX_PRECEDENCE:
        errors.append(invalid(path, value, f"must not be greater than {_MAX_PRECEDENCE}"))
    if value == 1 and wanted != _EXEMPT:
        errors.append(invalid(path, value, "only the schema named 'exempt' may have matchingPrecedence 1"))


def _rules(errors: Errors, path: Path, rule: Obj) -> None:
    if not rule.get("subjects"):
        errors.append(required(path / "subjects", "subjects must contain at least one value"))
    for index, subject in enumerate(rule.get("subjects") or ()):
        _subject(errors, (path / "subjects")[index], subject)
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        errors.append(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for index, one in enumerate(rule.get("resourceRules") or ()):
        _resource_rule(errors, (path / "resourceRules")[index], one)
    for index, one in enumerate(rule.get("nonResourceRules") or ()):
        _url_rule(errors, (path / "nonResourceRules")[index], one)


def _subject(errors: Errors, path: Path, subject: Obj) -> None:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        errors.append(not_supported(path / "kind", kind, sorted(_SUBJECTS)))
        return
    key = _SUBJECTS[kind]
    found = subject.get(key)
    if found is None:
        errors.append(required(path / key, f"{key} is required when subject kind is '{kind}'"))
    else:
        _subject_name(errors, path / key, found, kind)
    for other_kind, other in _SUBJECTS.items():
        if other != key and subject.get(other) is not None:
            detail = f"{other} is forbidden when subject kind is not '{other_kind}'"
            errors.append(forbidden(path / other, detail))


def _subject_name(errors: Errors, path: Path, found: Obj, kind: str) -> None:
    wanted = found.get("name", "")
    if not wanted:
        errors.append(required(path / "name"))
    if kind != "ServiceAccount":
        return
    if wanted and wanted != "*":
        name(errors, path / "name", wanted, names.dns1123_subdomain)
    if found.get("namespace"):
        name(errors, path / "namespace", found["namespace"], names.dns1123_label)
    else:
        errors.append(required(path / "namespace", "must specify namespace for service account"))


def _verbs(errors: Errors, path: Path, verbs: Sequence[str]) -> None:
    if not verbs:
        errors.append(required(path, "verbs must contain at least one value"))
    elif "*" in verbs:
        if len(verbs) > 1:
            errors.append(invalid(path, list(verbs), "if '*' is present, must not specify other verbs"))
    elif not set(verbs) <= set(_VERBS):
        errors.append(not_supported(path, list(verbs), _VERBS))


def _resource_rule(errors: Errors, path: Path, rule: Obj) -> None:
    _verbs(errors, path / "verbs", rule.get("verbs") or ())
    for key, one, several in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        found = rule.get(key) or ()
        if not found:
            errors.append(required(path / key, f"resource rules must supply at least one {one}"))
        elif len(found) > 1 and "*" in found:
            errors.append(invalid(path / key, list(found), f"if '*' is present, must not specify other {several}"))
    _namespaces(errors, path / "namespaces", rule)


def _namespaces(errors: Errors, path: Path, rule: Obj) -> None:
    found = rule.get("namespaces") or ()
    if not found and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(required(path, detail))
    elif "*" in found:
        if len(found) > 1:
            errors.append(invalid(path, list(found), "if '*' is present, must not specify other namespaces"))
    else:
        head = "each member of this list must be '*' or a DNS-1123 label; "
        for index, one in enumerate(found):
            errors.extend(invalid(path[index], one, head + message) for message in names.dns1123_label(one))


def _url_rule(errors: Errors, path: Path, rule: Obj) -> None:
    _verbs(errors, path / "verbs", rule.get("verbs") or ())
    urls, path = rule.get("nonResourceURLs") or (), path / "nonResourceURLs"
    if not urls:
        errors.append(required(path, "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        if len(urls) > 1:
            errors.append(invalid(path, list(urls), "if '*' is present, must not specify other non-resource URLs"))
    else:
        wrong = ((index, url, _url_problem(url)) for index, url in enumerate(urls))
        errors.extend(invalid(path[index], url, detail) for index, url, detail in wrong if detail)


def _url_problem(url: str) -> str:
    stars = url.count("*")
    rules = (
        (not url, "must not be empty"),
        (not url.startswith("/"), "must start with slash"),
        (" " in url, "must not contain white-space"),
        ("//" in url, "must not contain double slash"),
        (stars > 1 or (stars == 1 and not url.endswith("/*")), "wildcard can only do suffix matching"),
    )
    return next((detail for wrong, detail in rules if wrong), "")


# ------------------------------------------------------------------------------------------------ priority levels


def priority_level(found: Obj) -> Errors:
    errors: Errors = []
    spec, wanted = found.get("spec") or {}, found["metadata"].get("name", "")
    kind = spec.get("type", "")
    if (wanted == _EXEMPT) != (kind == "Exempt"):
        errors.append(invalid(_SPEC / "type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        if spec.get("limited") is not None:
            errors.append(forbidden(_SPEC / "limited", "must be nil if the type is not Limited"))
        _shares(errors, _SPEC / "exempt", spec.get("exempt") or {})
    elif kind == "Limited":
        _limited(errors, spec)
    else:
        errors.append(not_supported(_SPEC / "type", kind, ("Exempt", "Limited")))
    return errors + priority_level_status(found)


def _limited(errors: Errors, spec: Obj) -> None:
    path, limited = _SPEC / "limited", spec.get("limited")
    if spec.get("exempt") is not None:
        errors.append(forbidden(_SPEC / "exempt", "must be nil if the type is Limited"))
    if limited is None:
        errors.append(required(path, "must not be empty when type is Limited"))
        return
    shares = limited.get("nominalConcurrencyShares") or 0
    if shares < 0:
        errors.append(invalid(path / "nominalConcurrencyShares", shares, "must be a non-negative integer"))
    _response(errors, path / "limitResponse", limited.get("limitResponse") or {})
    _shares(errors, path, {"lendablePercent": limited.get("lendablePercent")})
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        detail = "if specified, must be a non-negative integer"
        errors.append(invalid(path / "borrowingLimitPercent", borrowing, detail))


def _shares(errors: Errors, path: Path, found: Obj) -> None:
    shares, lendable = found.get("nominalConcurrencyShares"), found.get("lendablePercent")
    if shares is not None and shares < 0:
        errors.append(invalid(path / "nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if lendable is not None and not 0 <= lendable <= 100:
        errors.append(invalid(path / "lendablePercent", lendable, "must be between 0 and 100, inclusive"))


def _response(errors: Errors, path: Path, found: Obj) -> None:
    kind, queuing = found.get("type", ""), found.get("queuing")
    if kind == "Reject":
        if queuing is not None:
            detail = "must be nil if limited.limitResponse.type is not Limited"
            errors.append(forbidden(path / "queuing", detail))
    elif kind != "Queue":
        errors.append(not_supported(path / "type", kind, ("Queue", "Reject")))
    elif queuing is None:
        detail = "must not be empty if limited.limitResponse.type is Limited"
        errors.append(required(path / "queuing", detail))
    else:
        _queuing(errors, path / "queuing", queuing)


def _queuing(errors: Errors, path: Path, found: Obj) -> None:
    queues, hand, limit = (found.get(key, 0) for key in ("queues", "handSize", "queueLengthLimit"))
    if limit <= 0:
        errors.append(invalid(path / "queueLengthLimit", limit, "must be positive"))
    if queues <= 0:
        errors.append(invalid(path / "queues", queues, "must be positive"))
    elif queues > _MAX_QUEUES:
        errors.append(invalid(path / "queues", queues, f"must not be greater than {_MAX_QUEUES}"))
    if hand <= 0:
        errors.append(invalid(path / "handSize", hand, "must be positive"))
    elif hand > queues:
        errors.append(invalid(path / "handSize", hand, f"should not be greater than queues ({queues})"))
    elif ceil(sum(log2(queues - index) for index in range(hand))) > _HASH_BITS:
        detail = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        )
        errors.append(invalid(path / "handSize", hand, detail))
