"""Resource quotas. Models ValidateResourceQuota of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.amounts import Amounts
from cluster_core.kinds.resources_validation import COUNTED, amount, resource_name
from cluster_core.machinery.field import Errors, Path, invalid, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_COMPUTE = frozenset({"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
_STANDARD = COUNTED | _COMPUTE | {f"{one}ephemeral-storage" for one in ("", "limits.", "requests.")}
_STANDARD |= {"requests.storage"}
_PODS = frozenset({"pods"})
_CLAIMS = frozenset({"persistentvolumeclaims", "requests.storage"})
_SCOPES: dict[str, Collection[str]] = {
    "Terminating": _PODS | _COMPUTE,
    "NotTerminating": _PODS | _COMPUTE,
    "BestEffort": _PODS,
    "NotBestEffort": _PODS | _COMPUTE,
    "PriorityClass": _PODS | _COMPUTE,
    "CrossNamespacePodAffinity": _PODS | _COMPUTE,
    "VolumeAttributesClass": _CLAIMS,
}
"""The scopes and the resources each can be applied to."""
_EXISTS_ONLY = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("NotTerminating", "Terminating"))
_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _is_standard(resource: str) -> bool:
    return resource in _STANDARD or resource.startswith(("hugepages-", "requests.hugepages-"))


def _amounts(errors: Errors, path: Path, amounts: Amounts) -> None:
    for resource, text in amounts.items():
        at = path[resource]
        errors.extend(invalid(at, resource, message) for message in resource_name(resource))
        if "/" not in resource and not _is_standard(resource):
            errors.append(invalid(at, resource, "must be a standard resource for quota"))
        amount(errors, at, resource, text)


def quota(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj.get("spec") or {}
    hard = spec.get("hard") or {}
    _amounts(errors, _SPEC / "hard", hard)
    if spec.get("scopes"):
        _scopes(errors, _SPEC / "scopes", spec["scopes"], hard)
    if spec.get("scopeSelector") is not None:
        _selector(errors, _SPEC / "scopeSelector" / "matchExpressions", spec)
    return errors


def quota_update(new: Obj, old: Obj) -> Errors:
    errors = quota(new)
    after, before = (list((one.get("spec") or {}).get("scopes") or ()) for one in (new, old))
    if set(after) != set(before):
        errors.append(invalid(_SPEC / "scopes", after or None, "field is immutable"))
    return errors


def quota_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for key in ("hard", "used"):
        _amounts(errors, Path("status", key), (new.get("status") or {}).get(key) or {})
    return errors


def _fits(scope: str, resource: str) -> bool:
    return not _is_standard(resource) or resource in _SCOPES.get(scope, ())


def _scopes(errors: Errors, path: Path, scopes: Sequence[str], hard: Amounts) -> None:
    shown = list(scopes)
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(invalid(path, shown, "unsupported scope"))
            continue
        for resource in sorted(hard):
            if not _fits(scope, resource):
                errors.append(invalid(path, shown, "unsupported scope applied to resource"))
    _conflicts(errors, path, scopes, shown)


def _conflicts(errors: Errors, path: Path, scopes: Sequence[str], shown: list[str] | None) -> None:
    for pair in _CONFLICTS:
        if set(pair) <= set(scopes):
            errors.append(invalid(path, shown, "conflicting scopes"))


def _selector(errors: Errors, path: Path, spec: Obj) -> None:
    """Upstream tells everything about the expressions at their list, without an index."""
    expressions = spec["scopeSelector"].get("matchExpressions") or ()
    for expression in expressions:
        scope = expression.get("scopeName", "")
        if scope not in _SCOPES:
            errors.append(invalid(path / "scopeName", scope, "unsupported scope"))
        for resource in sorted(spec.get("hard") or ()) if scope in _SCOPES else ():
            if not _fits(scope, resource):
                shown = internal("core.ScopeSelector", spec["scopeSelector"])
                errors.append(invalid(path, shown, "unsupported scope applied to resource"))
        _expression(errors, path, expression, scope)
    scopes = [one.get("scopeName", "") for one in expressions]
    _conflicts(errors, path, scopes, list(spec.get("scopes") or ()) or None)


def _expression(errors: Errors, path: Path, expression: Obj, scope: str) -> None:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    if scope in _EXISTS_ONLY and operator != "Exists":
        errors.append(invalid(path / "operator", operator, _EXISTS))
    if operator in ("In", "NotIn"):
        if not values:
            detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(required(path / "values", detail))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(invalid(path / "values", list(values), detail))
    else:
        errors.append(invalid(path / "operator", operator, "not a valid selector operator"))
