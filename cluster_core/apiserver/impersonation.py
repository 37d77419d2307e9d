"""Acting as somebody else: the Impersonate-* headers. Models apiserver/pkg/endpoints/filters/impersonation.

First the constrained ways (v1.36: "impersonate-on:<mode>:<verb>" and "impersonate:<mode>"), then the old "impersonate".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from cluster_core.apiserver.authorization import MASTERS, Action, refusal
from cluster_core.apiserver.request import ANONYMOUS, ApiRequest, User
from cluster_core.machinery import errors, gofmt

AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
_EXTRA = "impersonate-extra-"
_GROUP = "authentication.k8s.io"
_NODE, _ACCOUNT = "system:node:", "system:serviceaccount:"
_MANY = 4
"""From so many checks on a wildcard is tried first."""

Require = Callable[[User, Action], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who the requester wants to be."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)

    @property
    def only_name(self) -> bool:
        return not (self.groups or self.uid or self.extra)

    @property
    def node(self) -> str:
        return self.name.removeprefix(_NODE) if self.name.startswith(_NODE) else ""

    @property
    def account(self) -> tuple[str, str] | None:
        """(namespace, name) of a service account."""
        if not self.name.startswith(_ACCOUNT):
            return None
        namespace, _, name = self.name.removeprefix(_ACCOUNT).partition(":")
        return (namespace, name) if namespace and name and ":" not in name else None


def wanted(request: ApiRequest) -> Wanted | None:
    """What the headers ask for, None when nothing. Raises 400 when they name no user."""
    if not any(name.startswith("impersonate-") for name in (*request.headers, *request.multi_headers)):
        return None
    extra: dict[str, list[str]] = {}
    for name in {*request.headers, *request.multi_headers}:
        if name.startswith(_EXTRA):
            extra.setdefault(unquote(name.removeprefix(_EXTRA)), []).extend(_values(request, name))
    groups = tuple(_values(request, "impersonate-group"))
    found = Wanted(request.header("impersonate-user"), groups, request.header("impersonate-uid"), extra)
    if found.name:
        return found
    if found.only_name:
        return None
    raise errors.bad_request(f"requested {_go_text(found)} without impersonating a user name")


def _values(request: ApiRequest, name: str) -> list[str]:
    if name in request.multi_headers:
        return list(request.multi_headers[name])
    return [request.headers[name]] if name in request.headers else []


def _go_text(found: Wanted) -> str:
    """As Go's %#v prints a user.DefaultInfo."""
    groups = f"[]string{{{', '.join(map(gofmt.quote, found.groups))}}}" if found.groups else "[]string(nil)"
    extra = "map[string][]string(nil)"
    if found.extra:
        entries = (
            f"{gofmt.quote(key)}:[]string{{{', '.join(map(gofmt.quote, found.extra[key]))}}}"
            for key in sorted(found.extra)
        )
        extra = f"map[string][]string{{{', '.join(entries)}}}"
    return f'&user.DefaultInfo{{Name:"", UID:{gofmt.quote(found.uid)}, Groups:{groups}, Extra:{extra}}}'


def impersonate(require: Require, user: User, whom: Wanted, action: Action) -> User:
    """The user to go on as. Raises Forbidden when no mode allows it: the first mode's refusal."""
    first: errors.ApiError | None = None
    for mode in _modes(user, whom):
        try:
            return _become(require, user, whom, action, mode)
        except errors.ApiError as error:
            first = first or error
    assert first is not None
    raise first


def _modes(user: User, whom: Wanted) -> Iterator[str]:
    """The modes that apply, in their order; "" is the old one."""
    if whom.node and whom.only_name:
        if whom.node in user.extra.get("authentication.kubernetes.io/node-name", ()):
            yield "associated-node"
        yield "arbitrary-node"
    elif whom.account and whom.only_name:
        yield "serviceaccount"
    if not whom.node and not whom.account:
        yield "user-info"
    yield ""


def _become(require: Require, user: User, whom: Wanted, action: Action, mode: str) -> User:
    if mode:
        require(user, replace(action, verb=f"impersonate-on:{mode}:{action.verb}"))
    for asked in _actions(require, user, whom, mode):
        require(user, asked)
    return User(whom.name, _groups(whom, mode), whom.uid, whom.extra)


def _actions(require: Require, user: User, whom: Wanted, mode: str) -> Iterator[Action]:
    """What one must be allowed, to become that user."""
    verb, group = (f"impersonate:{mode}", _GROUP) if mode else ("impersonate", "")
    yield _name_action(whom, mode, Action(verb, group, "users", name=whom.name))
    if whom.uid:
        yield Action(verb, _GROUP, "uids", name=whom.uid)
    if mode:
        _check_sane(user, whom, Action(verb, group, "groups"), Action(verb, _GROUP, "userextras"))
    groups = [Action(verb, group, "groups", name=name) for name in whom.groups]
    extras = [
        Action(verb, _GROUP, "userextras", key, name=value) for key, values in whom.extra.items() for value in values
    ]
    yield from _unless_all(require, user, groups, Action(verb, group, "groups", name="*"), mode)
    yield from _unless_all(require, user, extras, Action(verb, _GROUP, "userextras", "*", name="*"), mode)


def _name_action(whom: Wanted, mode: str, plain: Action) -> Action:
    if whom.account:
        return replace(plain, resource="serviceaccounts", namespace=whom.account[0], name=whom.account[1])
    if whom.node and mode:
        return replace(plain, resource="nodes", name="*" if mode == "associated-node" else whom.node)
    return plain


def _unless_all(require: Require, user: User, each: list[Action], every: Action, mode: str) -> list[Action]:
    """The single checks, unless they are many and a wildcard covers them."""
    if mode and len(each) >= _MANY:
        try:
            require(user, every)
        except errors.Forbidden:
            return each
        return []
    return each


def _check_sane(user: User, whom: Wanted, groups: Action, extras: Action) -> None:
    """What the constrained modes never allow."""
    if "" in whom.groups:
        raise refusal(user, groups, "impersonating the empty string group is not allowed")
    if MASTERS in whom.groups:
        raise refusal(user, replace(groups, name=MASTERS), "impersonating the system:masters group is not allowed")
    for key, values in whom.extra.items():
        trouble = _extra_trouble(key, values)
        if trouble:
            raise refusal(user, extras, trouble)


def _extra_trouble(key: str, values: list[Any]) -> str:
    if not key:
        return "impersonating the empty string key in extra is not allowed"
    if not values:
        return "impersonating empty values in extra is not allowed"
    return "impersonating the empty string value in extra is not allowed" if "" in values else ""


def _groups(whom: Wanted, mode: str) -> tuple[str, ...]:
    groups = list(whom.groups)
    if whom.account and not groups:
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{whom.account[0]}"]
    if whom.node and mode:
        groups = ["system:nodes"]
    fixed = UNAUTHENTICATED if whom.name == ANONYMOUS.name else AUTHENTICATED
    if fixed in groups or UNAUTHENTICATED in groups:
        return tuple(groups)
    return (*groups, fixed)
