"""Requests, limits and claims of containers and pods. Models the resource parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.amounts import is_extended, is_huge_page, is_native, is_overcommittable
from cluster_core.kinds.checks import NOT_INTEGER, name, nonnegative_quantity
from cluster_core.kinds.pod_level_resources import aggregate, is_pod_level
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import (
    NOT_FOUND,
    Errors,
    FieldError,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from cluster_core.machinery.typed import Obj

COUNTED = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
"""Resources that count objects, so come in whole numbers."""
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
STANDARD = COUNTED | {f"{prefix}{one}" for one in _COMPUTE for prefix in ("", "requests.", "limits.")}
STANDARD |= {"storage", "requests.storage"}
_POD_LEVEL_NAMES = ("cpu", "hugepages-", "memory")

NameErrors = Callable[[str], Sequence[str]]


def is_counted(resource: str) -> bool:
    return resource in COUNTED or is_extended(resource)


def is_standard(resource: str) -> bool:
    return resource in STANDARD or resource.startswith(("hugepages-", "requests.hugepages-"))


@lru_cache(1024)
def resource_name(resource: str) -> tuple[str, ...]:
    """validateResourceName: a qualified name, or one that is known."""
    problems = tuple(names.qualified_name(resource))
    if not problems and "/" not in resource and not is_standard(resource):
        return ("must be a standard resource type or fully qualified",)
    return problems


@lru_cache(1024)
def container_resource_name(resource: str) -> tuple[str, ...]:
    problems = resource_name(resource)
    if "/" not in resource:
        if resource not in _COMPUTE and not is_huge_page(resource):
            return (*problems, "must be a standard resource for containers")
    elif not is_native(resource) and not is_extended(resource):
        return (*problems, "doesn't follow extended resource name standard")
    return problems


def amount(errors: Errors, path: Path, resource: str, text: str) -> None:
    """ValidateResourceQuantityValue: not negative, whole where things are counted."""
    nonnegative_quantity(errors, path, text)
    if is_counted(resource) and quantity.milli(text) % 1000:
        errors.append(invalid(path, text, NOT_INTEGER))


def _container_name(errors: Errors, path: Path, resource: str) -> None:
    for message in container_resource_name(resource):
        errors.append(invalid(path, resource, message))


def _pod_name(errors: Errors, path: Path, resource: str) -> None:
    problems = resource_name(resource)
    for message in problems:
        errors.append(invalid(path, resource, message))
    if not problems and not is_pod_level(resource):
        errors.append(not_supported(path, resource, _POD_LEVEL_NAMES))


_Check = Callable[[Errors, Path, str], None]


def container_resources(errors: Errors, path: Path, resources: Obj, claims: Collection[str] = ()) -> None:
    """ResourceRequirements of a container; `claims` are the names in spec.resourceClaims."""
    _requirements(errors, path, resources, _container_name)
    if resources.get("claims"):
        _claims(errors, path / "claims", resources["claims"], claims)


@lru_cache(4096)
def _is_plain(limits: tuple[tuple[str, str], ...], requests: tuple[tuple[str, str], ...]) -> bool:
    """Whether nothing at all is wrong: the common case, remembered."""
    errors: Errors = []
    _all_requirements(errors, Path(), (dict(limits), dict(requests)), _container_name)
    return not errors


def _requirements(errors: Errors, path: Path, resources: Obj, check: _Check) -> None:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if not limits and not requests:
        return
    if check is _container_name and _is_plain(tuple(limits.items()), tuple(requests.items())):
        return
    _all_requirements(errors, path, (limits, requests), check)


def _all_requirements(errors: Errors, path: Path, lists: tuple[Obj, Obj], check: _Check) -> None:
    limits, requests = lists
    for resource, text in limits.items():
        at = (path / "limits")[resource]
        check(errors, at, resource)
        amount(errors, at, resource, text)
        _huge_page(errors, at, resource, text)
    for resource, text in requests.items():
        at = (path / "requests")[resource]
        check(errors, at, resource)
        amount(errors, at, resource, text)
        _against_limit(errors, path, (resource, text), limits.get(resource))
        _huge_page(errors, at, resource, text)
    found = {*limits, *requests}
    if any(map(is_huge_page, found)) and not found & {"cpu", "memory"}:
        errors.append(forbidden(path, "HugePages require cpu or memory"))


def _against_limit(errors: Errors, path: Path, request: tuple[str, str], limit: str | None) -> None:
    resource, text = request
    if limit is None:
        if not is_overcommittable(resource):
            errors.append(required(path / "limits", "Limit must be set for non overcommitable resources"))
        return
    order = quantity.compare(text, limit)
    if order and not is_overcommittable(resource):
        errors.append(invalid(path / "requests", text, f"must be equal to {resource} limit of {limit}"))
    elif order > 0:
        detail = f"must be less than or equal to {resource} limit of {limit}"
        errors.append(invalid(path / "requests", text, detail))


def _huge_page(errors: Errors, path: Path, resource: str, text: str) -> None:
    if is_huge_page(resource) and not _divides(resource, text):
        errors.append(invalid(path, text, f"{text} is not positive integer multiple of {resource}"))


def _divides(resource: str, text: str) -> bool:
    try:
        size = quantity.parse(resource.removeprefix("hugepages-"))
    except quantity.QuantityError:
        return False
    return size.sign() > 0 and size.milli() % 1000 == 0 and quantity.value(text) % size.value() == 0


# ------------------------------------------------------------------------------------------------ claims


def _claims(errors: Errors, path: Path, claims: Sequence[Obj], known: Collection[str]) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        if not claim.get("name"):
            errors.append(required(path[index]))
            continue
        _claim(errors, path[index], claim, seen)
        if claim["name"] not in known:
            listed = ": " + ", ".join(sorted(known)) if known else " which is empty"
            detail = "must be one of the names in pod.spec.resourceClaims" + listed
            errors.append(FieldError(NOT_FOUND, str(path[index]), claim["name"], detail))


def _claim(errors: Errors, path: Path, claim: Obj, seen: set[str]) -> None:
    wanted, request = claim["name"], claim.get("request", "")
    if wanted in seen:
        errors.append(duplicate(path, wanted))
        return
    if request:
        name(errors, path / "request", request, names.dns1123_label)
    key = f"{wanted}/{request}" if request else wanted
    if key in seen:
        errors.append(duplicate(path, key))
    elif not request:
        errors.extend(duplicate(path, wanted) for one in seen if one.partition("/")[0] == wanted)
    seen.add(key)


# ------------------------------------------------------------------------------------------------ pod level


def pod_level(errors: Errors, path: Path, spec: Obj) -> None:
    """spec.resources: what the pod may use as a whole; `path` is the spec's."""
    resources = spec.get("resources")
    if resources is None:
        return
    path = path / "resources"
    if (spec.get("os") or {}).get("name") == "windows":
        errors.append(forbidden(path, "may not be set for a windows pod"))
        return
    if resources.get("claims"):
        errors.append(forbidden(path / "claims", "claims may not be set for Resources at pod-level"))
    _requirements(errors, path, resources, _pod_name)
    _consistency(errors, path, spec)


def _consistency(errors: Errors, path: Path, spec: Obj) -> None:
    """The pod has at least what its containers have together, and no container more than the pod."""
    resources = spec["resources"]
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for resource, total in aggregate(spec, "requests").items():
        if resource in requests and quantity.parse(requests[resource]) < total:
            detail = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(invalid((path / "requests")[resource], requests[resource], detail))
    for resource, total in aggregate(spec, "limits").items():
        if is_huge_page(resource) and resource in limits and quantity.parse(limits[resource]) < total:
            detail = f"must be greater than or equal to aggregate container limits of {total}"
            errors.append(invalid((path / "limits")[resource], limits[resource], detail))
    for index, container in enumerate(spec.get("containers") or ()):
        for resource, text in ((container.get("resources") or {}).get("limits") or {}).items():
            if resource in limits and quantity.compare(text, limits[resource]) > 0:
                at = (path / "containers")[index][resource] / "limits"
                errors.append(invalid(at, text, f"must be less than or equal to pod limits of {limits[resource]}"))


# ------------------------------------------------------------------------------------------------ resourceClaims


def pod_claims(errors: Errors, path: Path, spec: Obj, mirror: bool) -> None:
    """spec.resourceClaims; a mirror pod has none."""
    seen: set[str] = set()
    for index, claim in enumerate(spec.get("resourceClaims") or ()):
        if mirror:
            errors.append(forbidden("", "static pods do not support resource claims"))
        else:
            _pod_claim(errors, path[index], claim, seen)


def _pod_claim(errors: Errors, path: Path, claim: Obj, seen: set[str]) -> None:
    wanted = claim.get("name", "")
    if not wanted:
        errors.append(required(path / "name"))
    elif wanted in seen:
        errors.append(duplicate(path / "name", wanted))
    else:
        name(errors, path / "name", wanted, names.dns1123_label)
        seen.add(wanted)
    sources = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(key) is not None]
    if len(sources) == 2:
        detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        errors.append(invalid(path, internal("core.PodResourceClaim", claim), detail))
    if not sources:
        detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        errors.append(invalid(path, internal("core.PodResourceClaim", claim), detail))
    for key in sources:
        name(errors, path / key, claim[key], names.dns1123_subdomain)
