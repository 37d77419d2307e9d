"""What a status' conditions may say. Models ValidateConditions of apimachinery/pkg/apis/meta/v1/validation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_core.kinds.checks import label_key
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate, invalid, not_supported, required, too_long
from cluster_core.machinery.typed import Obj

_STATUSES = ("False", "True", "Unknown")
_REASON_LENGTH, _MESSAGE_LENGTH = 1024, 32 * 1024
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_TEXT = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters "
    "or '_,:', and must end with an alphanumeric character or '_'"
)
_REASONS = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")


def conditions(errors: Errors, path: Path, found: Sequence[Obj]) -> None:
    """metav1.Conditions; types are unique."""
    seen: set[str] = set()
    for index, condition in enumerate(found):
        type = condition.get("type", "")
        if type in seen:
            errors.append(duplicate(path[index] / "type", type))
        seen.add(type)
        _condition(errors, path[index], condition)


def _condition(errors: Errors, path: Path, found: Obj) -> None:
    label_key(errors, path / "type", found.get("type", ""))
    if found.get("status", "") not in _STATUSES:
        errors.append(not_supported(path / "status", found.get("status", ""), _STATUSES))
    if found.get("observedGeneration", 0) < 0:
        errors.append(invalid(path / "observedGeneration", found["observedGeneration"], "must be greater than or equal to zero"))
    if not found.get("lastTransitionTime"):
        errors.append(required(path / "lastTransitionTime"))
    _reason(errors, path / "reason", found.get("reason", ""))
    if names.length(found.get("message", "")) > _MESSAGE_LENGTH:
        errors.append(too_long(path / "message", _MESSAGE_LENGTH))


def _reason(errors: Errors, path: Path, reason: str) -> None:
    if not reason:
        errors.append(required(path))
        return
    if not re.fullmatch(_REASON, reason):
        errors.append(invalid(path, reason, names.regex_error(_REASON_TEXT, _REASON, *_REASONS)))
    if names.length(reason) > _REASON_LENGTH:
        errors.append(too_long(path, _REASON_LENGTH))
