"""Annotations that mean something for pods. Models ValidatePodSpecificAnnotations and the checks of the old seccomp and
AppArmor annotations against the fields that replaced them, in pkg/apis/core/validation."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from cluster_core.apiserver.decode_syntax import JsonError, parse
from cluster_core.kinds.affinity_validation import tolerations
from cluster_core.kinds.checks import relative_path
from cluster_core.kinds.pod_strategy import APP_ARMOR_ANNOTATION
from cluster_core.kinds.podspec_validation import MIRROR, every_container
from cluster_core.machinery.field import Errors, Path, forbidden, invalid
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Obj

_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_LOCALHOST = "localhost/"
_INT32 = range(-(2**31), 2**31)


def pod_annotations(errors: Errors, path: Path, annotations: Mapping[str, str], spec: Obj) -> None:
    """`path` is metadata.annotations."""
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid(path[MIRROR], annotations[MIRROR], detail))
    if annotations.get(_TOLERATIONS):
        _annotated_tolerations(errors, path, annotations[_TOLERATIONS])
    cost = annotations.get(_DELETION_COST)
    if cost is not None and not _is_cost(cost):
        errors.append(invalid(path[_DELETION_COST], cost, "must be a 32bit integer"))
    _seccomp(errors, path, annotations)
    _app_armor(errors, path, annotations, {one.get("name", "") for one, _ in every_container(spec, path)})


def _is_cost(text: str) -> bool:
    """Sign and digits as the client writes them: no leading zeros or plus sign."""
    if not re.fullmatch(r"0|-?[1-9][0-9]*", text):
        return False
    return int(text) in _INT32


def _annotated_tolerations(errors: Errors, path: Path, text: str) -> None:
    try:
        parse(text.encode())
    except JsonError as error:
        errors.append(invalid(path, _TOLERATIONS, str(error)))
        return
    found = orjson.loads(text)
    if isinstance(found, list):
        tolerations(errors, path / _TOLERATIONS, [one for one in found if isinstance(one, dict)])


def _seccomp(errors: Errors, path: Path, annotations: Mapping[str, str]) -> None:
    if _SECCOMP_POD in annotations:
        _seccomp_value(errors, path / _SECCOMP_POD, annotations[_SECCOMP_POD])
    for key, value in annotations.items():
        if key.startswith(_SECCOMP_CONTAINER):
            _seccomp_value(errors, path / key, value)


def _seccomp_value(errors: Errors, path: Path, value: str) -> None:
    if value.startswith(_LOCALHOST):
        relative_path(errors, path, value.removeprefix(_LOCALHOST))
    elif value not in ("runtime/default", "docker/default", "unconfined"):
        errors.append(invalid(path, value, "must be a valid seccomp profile"))


def _app_armor(errors: Errors, path: Path, annotations: Mapping[str, str], known: set[str]) -> None:
    for key, value in annotations.items():
        if not key.startswith(APP_ARMOR_ANNOTATION):
            continue
        container = key.removeprefix(APP_ARMOR_ANNOTATION)
        if container not in known:
            errors.append(invalid(path[key], container, "container not found"))
        if value not in ("", "runtime/default", "unconfined") and not value.startswith(_LOCALHOST):
            errors.append(invalid(path[key], value, f"invalid AppArmor profile name: {quote(value)}"))


def fields_match(errors: Errors, path: Path, annotations: Mapping[str, str], spec: Obj) -> None:
    """Seccomp and AppArmor said twice must be said the same; `path` is the spec's."""
    own = spec.get("securityContext") or {}
    if own.get("seccompProfile") and _SECCOMP_POD in annotations:
        at = path.child("securityContext", "seccompProfile")
        _match(errors, at, (annotations[_SECCOMP_POD], "seccomp"), own["seccompProfile"])
    for container, where in every_container(spec, path):
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        key = _SECCOMP_CONTAINER + container.get("name", "")
        if profile and key in annotations:
            at = where.child("securityContext", "seccompProfile")
            _match(errors, at, (annotations[key], "seccomp"), profile)
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for container, where in every_container(spec, path):
        profile = (container.get("securityContext") or {}).get("appArmorProfile") or own.get("appArmorProfile")
        key = APP_ARMOR_ANNOTATION + container.get("name", "")
        if profile and key in annotations:
            at = where.child("securityContext", "appArmorProfile")
            _match(errors, at, (annotations[key], "apparmor"), profile)


_VALUES = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default", "docker/default")}


def _match(errors: Errors, path: Path, said: tuple[str, str], profile: Obj) -> None:
    value, what = said
    type = profile.get("type", "")
    known = _VALUES.get(type, ())[: 2 if what == "seccomp" else 1]
    if (known and value not in known) or (type == "Localhost" and not value.startswith(_LOCALHOST)):
        errors.append(forbidden(path / "type", f"{what} type in annotation and field must match"))
    elif type == "Localhost" and value.removeprefix(_LOCALHOST) != profile.get("localhostProfile"):
        errors.append(forbidden(path / "localhostProfile", f"{what} profile in annotation and field must match"))
