"""Who may do what: roles and their bindings, with the reason of every answer.

Models plugin/pkg/auth/authorizer/rbac and the texts of apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
Members of system:masters may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import User
from cluster_core.apiserver.storage import Storage
from cluster_core.machinery import errors, gofmt
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
    """Whether it is allowed, and why: the binding and role that allow it, or what was in the way."""

    allowed: bool
    reason: str = ""


_MOST_ANSWERS = 4096
_KINDS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
Bindings = dict[str, list[Obj]]
"""Subject ("User/x", "Group/y") -> the bindings that name it."""


class Rbac:
    """Authorizes by the Roles and bindings in the store. Answers are remembered until one of these changes."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kinds = storage.kinds
        self._answers: dict[tuple[str, tuple[str, ...], Action], Answer] = {}
        self._bindings: dict[str, Bindings] = {}
        storage.observe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind.name in _KINDS and change.kind.group == GROUP:
            self._answers.clear()
            self._bindings.clear()

    # ------------------------------------------------------------------------------------------------ asking

    def decide(self, user: User, action: Action) -> Answer:
        """Whether the user may, and why."""
        if MASTERS in user.groups:
            return Answer(True)
        key = (user.name, user.groups, action)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            found = self._answers[key] = self._decide(user, action)
        return found

    def _decide(self, user: User, action: Action) -> Answer:
        missing: list[str] = []
        for rule, reason in self.rules(user, action.namespace, missing):
            if covers(rule, action):
                return Answer(True, reason)
        return Answer(False, f"RBAC: {_aggregate(missing)}" if missing else "")

    # ------------------------------------------------------------------------------------------------ rules

    def rules(self, user: User, namespace: str, missing: list[str]) -> Iterator[tuple[Obj, str]]:
        """The rules that apply to the user in a namespace ("" for the cluster), each with its reason. Roles that bindings
        name and nobody has made are told in `missing`."""
        for where in ("", namespace) if namespace else ("",):
            for binding in self._bindings_of(user, where):
                subject = subject_for(binding, user, where)
                if subject is not None:
                    yield from self._bound(binding, where, subject, missing)

    def _bindings_of(self, user: User, namespace: str) -> list[Obj]:
        index = self._index(namespace)
        found: dict[int, Obj] = {}
        for subject in (f"User/{user.name}", *(f"Group/{group}" for group in user.groups)):
            found.update((id(binding), binding) for binding in index.get(subject, ()))
        return list(found.values())

    def _index(self, namespace: str) -> Bindings:
        index = self._bindings.get(namespace)
        if index is None:
            index = self._bindings[namespace] = {}
            kind = self._kinds.named("RoleBinding" if namespace else "ClusterRoleBinding", GROUP)
            for binding in self._storage.list(kind, namespace or None):
                for subject in subjects_of(binding, namespace):
                    index.setdefault(subject, []).append(binding)
        return index

    def _bound(self, binding: Obj, namespace: str, subject: str, missing: list[str]) -> Iterator[tuple[Obj, str]]:
        try:
            rules = self.role_rules(binding["roleRef"], namespace)
        except errors.NotFound as error:
            missing.append(error.message)
            return
        reason = _reason("RoleBinding" if namespace else "ClusterRoleBinding", binding, subject)
        for rule in rules:
            yield rule, reason

    def role_rules(self, reference: Obj, namespace: str) -> Sequence[Obj]:
        """The rules of the role that a roleRef names. Raises NotFound when there is no such role."""
        kind = self._kinds.find(reference.get("kind", ""), GROUP)
        role = self._storage.get(kind, namespace, reference.get("name", "")) if kind else None
        if role is None:
            raise errors.not_found(GROUP, reference.get("kind", "").lower(), reference.get("name", ""))
        return role.get("rules") or ()


def _aggregate(messages: list[str]) -> str:
    distinct = list(dict.fromkeys(messages))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


def subjects_of(binding: Obj, namespace: str) -> Iterator[str]:
    """Whom the binding names, as keys of `Bindings`."""
    for subject in binding.get("subjects") or ():
        if subject.get("kind") == "ServiceAccount":
            yield f"User/system:serviceaccount:{subject.get('namespace') or namespace}:{subject.get('name', '')}"
        else:
            yield f"{subject.get('kind')}/{subject.get('name', '')}"


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


def refusal(user: User, action: Action, reason: str = "") -> errors.ApiError:
    """The Forbidden that the real server answers."""
    text = _escaped(_refusal_text(user, action))
    return errors.forbidden(action.group, action.resource, action.name, f"{text}: {reason}" if reason else text)


def _refusal_text(user: User, action: Action) -> str:
    name, verb = gofmt.quote(user.name), action.verb
    if action.path:
        return f"User {name} cannot {verb} path {gofmt.quote(action.path)}"
    where = f"in the namespace {gofmt.quote(action.namespace)}" if action.namespace else "at the cluster scope"
    resource, group = gofmt.quote(action.full_resource), gofmt.quote(action.group)
    return f"User {name} cannot {verb} resource {resource} in API group {group} {where}"


def _escaped(text: str) -> str:
    """Nothing in it looks like HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
