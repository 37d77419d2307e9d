"""What RoleBindings and ClusterRoleBindings share: defaults and columns. Models pkg/apis/rbac/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.kind import Column
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.rbac_validation import GROUP
from cluster_core.machinery.typed import Obj

_UNRESOLVED = "If the RoleRef cannot be resolved, the Authorizer must return an error."


def default(binding: Obj) -> Obj:
    """Roles, users and groups are of RBAC's own group unless they say otherwise."""
    result = {**binding, "roleRef": {"apiGroup": GROUP, **_named(binding.get("roleRef") or {})}}
    if binding.get("subjects"):
        result["subjects"] = [_default_subject(subject) for subject in binding["subjects"]]
    return result


def _named(reference: Obj) -> Obj:
    return {key: value for key, value in reference.items() if key != "apiGroup" or value}


def _default_subject(subject: Obj) -> Obj:
    if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
        return {**subject, "apiGroup": GROUP}
    return subject


def _role(binding: Obj, now: int) -> str:
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _subjects(kind: str) -> Callable[[Obj, int], str]:
    def cell(binding: Obj, now: int) -> str:
        found = [subject for subject in binding.get("subjects") or () if subject.get("kind") == kind]
        return ", ".join(_shown(subject) for subject in found)

    return cell


def _shown(subject: Obj) -> str:
    name = str(subject.get("name", ""))
    return f"{subject.get('namespace', '')}/{name}" if subject.get("kind") == "ServiceAccount" else name


def columns(kind: str, reference: str) -> tuple[Column, ...]:
    """`kind` as the descriptions name it; `reference` what a roleRef may be."""
    return (
        NAME,
        Column("Role", _role, description=f"{reference} {_UNRESOLVED}"),
        AGE,
        Column("Users", _subjects("User"), description=f"Users in the {kind}", priority=1),
        Column("Groups", _subjects("Group"), description=f"Groups in the {kind}", priority=1),
        Column(
            "ServiceAccounts", _subjects("ServiceAccount"), description=f"ServiceAccounts in the {kind}", priority=1
        ),
    )
