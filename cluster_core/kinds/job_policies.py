"""When a job counts as failed or done before its time. Models the policies of pkg/apis/batch/validation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import NEGATIVE, label_key
from cluster_core.machinery import names
from cluster_core.machinery.field import (
    INVALID,
    OMIT,
    Errors,
    FieldError,
    Path,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Obj

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_MOST_RULES, _MOST_CODES, _MOST_PATTERNS = 20, 255, 20
_INDEXES_LENGTH = 64 * 1024


def _quoted(known: Sequence[str]) -> str:
    return "valid values: [" + " ".join(map(quote, known)) + "]"


def _one_of(errors: Errors, path: Path, value: str, known: Sequence[str]) -> None:
    if not value:
        errors.append(required(path, _quoted(known)))
    elif value not in known:
        errors.append(not_supported(path, value, known))


def failure_policy(errors: Errors, path: Path, spec: Obj) -> None:
    rules = spec["podFailurePolicy"].get("rules") or ()
    if len(rules) > _MOST_RULES:
        errors.append(too_many(path / "rules", len(rules), _MOST_RULES))
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = {one.get("name", "") for key in ("containers", "initContainers") for one in pod.get(key) or ()}
    for index, rule in enumerate(rules):
        _rule(errors, (path / "rules")[index], rule, (spec.get("backoffLimitPerIndex") is not None, containers))


def _rule(errors: Errors, path: Path, rule: Obj, around: tuple[bool, set[str]]) -> None:
    per_index, containers = around
    action, codes, patterns = rule.get("action", ""), rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    if action == "FailIndex":
        if not per_index:
            errors.append(invalid(path / "action", action, "requires the backoffLimitPerIndex to be set"))
    else:
        _one_of(errors, path / "action", action, _ACTIONS)
    if codes is not None:
        _exit_codes(errors, path / "onExitCodes", codes, containers)
    if patterns:
        _conditions(errors, path / "onPodConditions", patterns)
    if codes is not None and patterns:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(FieldError(INVALID, str(path), OMIT, detail))
    if codes is None and not patterns:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(FieldError(INVALID, str(path), OMIT, detail))


def _conditions(errors: Errors, path: Path, patterns: Sequence[Obj]) -> None:
    if len(patterns) > _MOST_PATTERNS:
        errors.append(too_many(path, len(patterns), _MOST_PATTERNS))
    for index, pattern in enumerate(patterns):
        label_key(errors, path[index] / "type", pattern.get("type", ""))
        _one_of(errors, path[index] / "status", pattern.get("status", ""), _STATUSES)


def _exit_codes(errors: Errors, path: Path, codes: Obj, containers: set[str]) -> None:
    operator, values = codes.get("operator", ""), codes.get("values") or ()
    _one_of(errors, path / "operator", operator, _OPERATORS)
    container = codes.get("containerName")
    if container is not None and container not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(path / "containerName", container, detail))
    if not values:
        errors.append(invalid(path / "values", codes.get("values"), "at least one value is required"))
    elif len(values) > _MOST_CODES:
        errors.append(too_many(path / "values", len(values), _MOST_CODES))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and not value:
            errors.append(invalid((path / "values")[index], value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(duplicate((path / "values")[index], value))
        seen.add(value)
    if any(left > right for left, right in pairwise(values)):
        errors.append(invalid(path / "values", list(values), "must be ordered"))


# ------------------------------------------------------------------------------------------------ success


def success_policy(errors: Errors, path: Path, spec: Obj) -> None:
    rules = spec["successPolicy"].get("rules") or ()
    if spec.get("completionMode") != "Indexed":
        shown = internal("batch.SuccessPolicy", spec["successPolicy"])
        errors.append(invalid(path, shown, "requires indexed completion mode"))
        return
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        errors.append(required(path / "rules", detail))
    if len(rules) > _MOST_RULES:
        errors.append(too_many(path / "rules", len(rules), _MOST_RULES))
    for index, rule in enumerate(rules):
        _success_rule(errors, (path / "rules")[index], rule, spec.get("completions") or 0)


def _success_rule(errors: Errors, path: Path, rule: Obj, completions: int) -> None:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(required(path, detail))
    total = 0
    if indexes is not None:
        if names.length(indexes) > _INDEXES_LENGTH:
            errors.append(too_long(path / "succeededIndexes", _INDEXES_LENGTH))
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            detail = f"error parsing succeededIndexes: {error}"
            errors.append(invalid(path / "succeededIndexes", indexes, detail))
    if count is not None:
        _success_count(errors, path / "succeededCount", count, (completions, total if indexes is not None else None))


def _success_count(errors: Errors, path: Path, count: int, limits: tuple[int, int | None]) -> None:
    completions, listed = limits
    if count < 0:
        errors.append(invalid(path, count, NEGATIVE))
    if count > completions:
        detail = f"must be less than or equal to {completions} (the number of specified completions)"
        errors.append(invalid(path, count, detail))
    if listed is not None and count > listed:
        detail = (
            f"must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)"
        )
        errors.append(invalid(path, count, detail))


def count_indexes(text: str, completions: int) -> int:
    """How many indexes "0-2,5" lists. Raises ValueError with the real server's words."""
    total, last = 0, -1
    for interval in text.split(",") if text else ():
        low, high = parse_interval(interval, completions)
        if last >= low:
            raise ValueError(f"non-increasing order, previous: {last}, current: {low}")
        total += high - low + 1
        last = high
    return total


def parse_interval(text: str, completions: int) -> tuple[int, int]:
    """The ends of "3" or "3-5". Raises ValueError."""
    parts = text.split("-")
    if len(parts) > 2:
        detail = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise ValueError(f"the fragment {quote(text)} {detail}")
    ends = [_index(part, completions) for part in parts]
    if len(ends) == 2 and ends[0] >= ends[1]:
        raise ValueError(f"non-increasing order, previous: {ends[0]}, current: {ends[1]}")
    return ends[0], ends[-1]


def _index(text: str, completions: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"cannot convert string to integer for index: {quote(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {quote(text)}")
    return int(text)
