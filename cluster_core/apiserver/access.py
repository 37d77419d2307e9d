"""Who asks, and whether they may: authentication, impersonation and authorization of one request, in this order.

Models apiserver/pkg/endpoints/filters and the chain of authorizers that --authorization-mode names. The answer's reason
is kept with every decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_core.apiserver import authentication, impersonation, nodeauthorizer
from cluster_core.apiserver.authorization import MASTERS, Action, Answer, Rbac, refusal
from cluster_core.apiserver.request import ApiRequest, RequestInfo, User

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

_DEFAULT_MODES = "Node,RBAC"
_OF_COLLECTIONS = frozenset({"list", "watch", "deletecollection"})
_FALSE = frozenset({"", "0", "false", "False", "FALSE", "f", "F"})


def user_of(server: ApiServer, request: ApiRequest, info: RequestInfo | None) -> User:
    """Who the request acts as. Raises Unauthorized or Forbidden when it may not go on."""
    user = authentication.user_of(server, request)
    action = action_of(request, info)
    wanted = impersonation.wanted(request)
    if wanted is not None:
        user = impersonation.impersonate(server.authorizer.require, user, wanted, action)
    server.authorizer.require(user, action)
    return user


def action_of(request: ApiRequest, info: RequestInfo | None) -> Action:
    """What a request wants to do."""
    if info is None:
        path = request.path.rstrip("/") if len(request.path) > 1 else request.path
        return Action(request.method.lower(), path=path)
    verb, name = info.verb, info.name
    if verb in ("list", "get") and _watches(request) and not info.subresource:
        verb = "watch"
    if verb in _OF_COLLECTIONS and not name:
        name = _selected_name(request.parameter("fieldSelector"))
    return Action(verb, info.group, info.resource, info.subresource, info.namespace, name)


def _watches(request: ApiRequest) -> bool:
    given = request.parameters("watch")
    return bool(given) and given[0] not in _FALSE and request.method == "GET"


def _selected_name(selector: str) -> str:
    """The one name a field selector allows: such a list may be granted by name."""
    if not selector:
        return ""
    for term in selector.split(","):
        key, _, value = term.replace("==", "=").partition("=")
        if key == "metadata.name" and not key.endswith("!"):
            return value
    return ""


class Authorizer:
    """The modes of --authorization-mode, asked in turn."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self.rbac = Rbac(server.storage)
        self._modes: dict[str, Callable[[User, Action], Answer]] = {
            "RBAC": self.rbac.decide,
            "Node": lambda user, action: nodeauthorizer.decide(server, user, action),
            "AlwaysAllow": lambda user, action: Answer(True),
            "AlwaysDeny": lambda user, action: Answer(False, "Everything is forbidden."),
        }

    def decide(self, user: User, action: Action) -> Answer:
        """Whether the user may, and why or why not."""
        if MASTERS in user.groups:
            return Answer(True)
        reasons = []
        for mode in str(self._server.options.get("authorization-mode") or _DEFAULT_MODES).split(","):
            authorize = self._modes.get(mode)
            answer = authorize(user, action) if authorize else Answer(False)
            if answer.allowed:
                return answer
            if answer.reason:
                reasons.append(answer.reason)
        return Answer(False, "\n".join(reasons))

    def require(self, user: User, action: Action) -> None:
        """Raises Forbidden unless the user may."""
        answer = self.decide(user, action)
        if not answer.allowed:
            raise refusal(user, action, answer.reason)
