"""The kinds of checks: each module ends in a constant CHECK."""

from __future__ import annotations

from collections.abc import Mapping

from . import cel, condition, count, execute, file, match, rbac, request, scheduling
from .base import CheckKind, Finding, View

KINDS: Mapping[str, CheckKind] = {
    module.CHECK.name: module.CHECK for module in (match, cel, count, condition, request, execute, file, rbac, scheduling)
}

__all__ = ["KINDS", "CheckKind", "Finding", "View"]
