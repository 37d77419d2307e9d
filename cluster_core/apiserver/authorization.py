"""Who may do what: roles and their bindings, with the reason of every answer.

Models plugin/pkg/auth/authorizer/rbac and the texts of apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
Members of system:masters may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cluster_core.apiserver.request import RequestInfo, User
from cluster_core.apiserver.storage import Storage
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

MASTERS = "system:masters"
GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody wants to do, to a resource or to a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Answer(NamedTuple):
    """Whether it is allowed, and why: the binding and role that allow it."""

    allowed: bool
    reason: str = ""


class Rbac:
    """Authorizes by the Roles and bindings in the store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kinds = storage.kinds

    # ------------------------------------------------------------------------------------------------ asking

    def check(self, user: User, info: RequestInfo) -> None:
        """Raises Forbidden unless the user may make this request."""
        action = Action(info.verb, info.group, info.resource, info.subresource, info.namespace, info.name)
        if not self.decide(user, action).allowed:
            raise refusal(user, action)

    def check_path(self, user: User, verb: str, path: str) -> None:
        """Raises Forbidden unless the user may ask for this non-resource path."""
        action = Action(verb, path=path)
        if not self.decide(user, action).allowed:
            text = f'forbidden: User "{user.name}" cannot {verb} path "{path}"'
            raise errors.Forbidden(text, {})

    def decide(self, user: User, action: Action) -> Answer:
        """Whether the user may, and why."""
        if MASTERS in user.groups:
            return Answer(True)
        for rule, reason in self.rules(user, action.namespace):
            if covers(rule, action):
                return Answer(True, reason)
        return Answer(False)

    # ------------------------------------------------------------------------------------------------ rules

    def rules(self, user: User, namespace: str) -> Iterator[tuple[Obj, str]]:
        """The rules that apply to the user in a namespace ("" for the cluster), each with its reason."""
        for binding in self._list("ClusterRoleBinding"):
            subject = subject_for(binding, user, "")
            if subject is not None:
                yield from self._bound(binding, "", _reason("ClusterRoleBinding", binding, subject))
        if not namespace:
            return
        for binding in self._list("RoleBinding", namespace):
            subject = subject_for(binding, user, namespace)
            if subject is not None:
                yield from self._bound(binding, namespace, _reason("RoleBinding", binding, subject))

    def _list(self, kind: str, namespace: str | None = None) -> list[Obj]:
        return self._storage.list(self._kinds.named(kind, GROUP), namespace)

    def _bound(self, binding: Obj, namespace: str, reason: str) -> Iterator[tuple[Obj, str]]:
        for rule in self.role_rules(binding["roleRef"], namespace):
            yield rule, reason

    def role_rules(self, reference: Obj, namespace: str) -> Iterable[Obj]:
        """The rules of the role that a roleRef names; none when there is no such role."""
        kind = self._kinds.named(reference["kind"], GROUP) if reference["kind"] in ("Role", "ClusterRole") else None
        role = self._storage.get(kind, namespace, reference["name"]) if kind else None
        return (role.get("rules") or ()) if role else ()


def _reason(kind: str, binding: Obj, subject: str) -> str:
    metadata, reference = binding["metadata"], binding["roleRef"]
    namespace = metadata.get("namespace", "")
    name = f"{metadata['name']}/{namespace}" if namespace else metadata["name"]
    return f'RBAC: allowed by {kind} "{name}" of {reference["kind"]} "{reference["name"]}" to {subject}'


def subject_for(binding: Obj, user: User, namespace: str) -> str | None:
    """How the binding names the user: 'User "x"', 'Group "y"' or 'ServiceAccount "name/namespace"'; None if it does not."""
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name", "")
        if (kind == "User" and name == user.name) or (kind == "Group" and name in user.groups):
            return f'{kind} "{name}"'
        place = subject.get("namespace") or namespace
        if kind == "ServiceAccount" and user.name == f"system:serviceaccount:{place}:{name}":
            return f'ServiceAccount "{name}/{place}"'
    return None


def _has(values: Iterable[str], wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values)


def covers(rule: Obj, action: Action) -> bool:
    """Whether a PolicyRule allows the action."""
    if not _has(rule.get("verbs", ()), action.verb):
        return False
    if action.path:
        return any(_path_matches(pattern, action.path) for pattern in rule.get("nonResourceURLs", ()))
    if not _has(rule.get("apiGroups", ()), action.group) or not _resource_matches(rule, action):
        return False
    names = rule.get("resourceNames")
    return not names or action.name in names


def _resource_matches(rule: Obj, action: Action) -> bool:
    for resource in rule.get("resources", ()):
        if resource in ("*", action.full_resource):
            return True
        if action.subresource and resource == f"*/{action.subresource}":
            return True
    return False


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def refusal(user: User, action: Action) -> errors.ApiError:
    """The Forbidden that the real server answers."""
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    text = (
        f'User "{user.name}" cannot {action.verb} resource "{action.full_resource}" '
        f'in API group "{action.group}" {where}'
    )
    return errors.forbidden(action.group, action.resource, action.name, text)
