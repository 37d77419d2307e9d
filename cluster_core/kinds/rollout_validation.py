"""Amounts and statuses that the workloads of the apps group share. Models pkg/apis/apps/validation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import NEGATIVE, nonnegatives
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, invalid
from cluster_core.machinery.typed import Obj

STATUS = Path("status")


def int_or_percent(errors: Errors, path: Path, value: int | str) -> None:
    """ValidatePositiveIntOrPercent."""
    if isinstance(value, str):
        errors.extend(invalid(path, value, message) for message in names.percent(value))
    elif value < 0:
        errors.append(invalid(path, value, NEGATIVE))


def percent_of(value: int | str) -> int | None:
    """The figure of a percentage, None for anything else."""
    return int(value[:-1]) if isinstance(value, str) and not names.percent(value) else None


def figure(value: int | str) -> int:
    """The number of an amount or percentage; text that is neither counts as 0."""
    found = percent_of(value)
    if found is not None:
        return found
    if isinstance(value, int):
        return value
    return int(value) if value.lstrip("+-").isdigit() else 0


def at_most_all(errors: Errors, path: Path, value: int | str) -> None:
    """IsNotMoreThan100Percent."""
    if (percent_of(value) or 0) > 100:
        errors.append(invalid(path, value, "must not be greater than 100%"))


def status_numbers(errors: Errors, status: Obj, fields: Sequence[str]) -> None:
    """None of these numbers is negative."""
    nonnegatives(errors, status, STATUS, *fields)


def replicas_fit(errors: Errors, status: Obj, fields: Sequence[str], ready: str) -> None:
    """No count is above the replicas, nor are more available than ready; `ready` is what the message calls those."""
    total = status.get("replicas", 0)
    for key in fields:
        if status.get(key, 0) > total:
            errors.append(invalid(STATUS / key, status.get(key, 0), "cannot be greater than status.replicas"))
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        errors.append(invalid(STATUS / "availableReplicas", available, f"cannot be greater than {ready}"))


def not_decremented(errors: Errors, new: Obj, old: Obj) -> None:
    """status.collisionCount only grows."""
    before = (old.get("status") or {}).get("collisionCount")
    after = (new.get("status") or {}).get("collisionCount")
    if before is not None and (after is None or after < before):
        errors.append(invalid(STATUS / "collisionCount", after or 0, "cannot be decremented"))
