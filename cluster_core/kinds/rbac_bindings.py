"""Defaults and cells of role bindings and cluster role bindings. Models pkg/apis/rbac/v1/defaults.go and the printers."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.kind import Column
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.rbac_validation import GROUP
from cluster_core.machinery.typed import Obj


def default(binding: Obj) -> Obj:
    result = dict(binding)
    reference = binding.get("roleRef") or {}
    if not reference.get("apiGroup"):
        result["roleRef"] = {**reference, "apiGroup": GROUP}
    if binding.get("subjects"):
        result["subjects"] = [_subject(subject) for subject in binding["subjects"]]
    return result


def _subject(subject: Obj) -> Obj:
    if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
        return {**subject, "apiGroup": GROUP}
    return subject


def _role(binding: Obj, now: int) -> str:
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _names(kind: str) -> Callable[[Obj, int], str]:
    def cell(binding: Obj, now: int) -> str:
        found = [one for one in binding.get("subjects") or () if one.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{one.get('namespace', '')}/{one.get('name', '')}" for one in found)
        return ", ".join(one.get("name", "") for one in found)

    return cell


def columns(noun: str, role_text: str) -> tuple[Column, ...]:
    """The table of bindings, which upstream calls `noun`."""
    subjects = (("Users", "User"), ("Groups", "Group"), ("ServiceAccounts", "ServiceAccount"))
    wide = (Column(title, _names(kind), description=f"{title} in the {noun}", priority=1) for title, kind in subjects)
    return (NAME, Column("Role", _role, description=role_text), AGE, *wide)
