"""The API server: one request in, one answer out. Models apiserver/pkg/server and its filter chain.

Authenticate, authorize, admit, default, validate, store: the order of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from cluster_core.apiserver import authentication, handlers, nonresource, subresources
from cluster_core.apiserver.admission.chain import Chain
from cluster_core.apiserver.admission.chain import Plugin as AdmissionPlugin
from cluster_core.apiserver.client import Client
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.fieldmanager import FieldManager
from cluster_core.apiserver.kind import Kind, Kinds, Served, Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo, User, parse_path
from cluster_core.apiserver.storage import Storage
from cluster_core.apiserver.watch import Watch
from cluster_core.apiserver.world import World
from cluster_core.etcd.store import Store
from cluster_core.machinery import errors
from cluster_core.machinery.clock import Agenda, Clock
from cluster_core.machinery.seed import Seed
from cluster_core.machinery.typed import Obj


class Authorizer(Protocol):
    """Decides whether a user may do something. Raises errors.Forbidden with the reason."""

    def check(self, user: User, info: RequestInfo) -> None: ...

    def check_path(self, user: User, verb: str, path: str) -> None: ...


Connect = Callable[[Context, Subresource, RequestInfo, ApiRequest], ApiResponse]


def _no_connect(context: Context, subresource: Subresource, info: RequestInfo, request: ApiRequest) -> ApiResponse:
    raise errors.service_unavailable("no node can be reached")


class ApiServer:
    """One cluster's API server on top of its store."""

    def __init__(
        self,
        store: Store,
        kinds: Sequence[Kind],
        admission: Sequence[AdmissionPlugin],
        *,
        clock: Clock,
        agenda: Agenda,
        seed: Seed,
    ) -> None:
        self.kinds = Kinds(kinds)
        self.storage = Storage(store, self.kinds)
        self.admission = Chain(admission)
        self.fields = FieldManager()
        self.world = World(clock, agenda, seed, self.client)
        self.authorizer: Authorizer | None = None
        self.authenticators: list[Callable[[ApiRequest], User | None]] = []
        self.options: Mapping[str, Any] = {}
        """The server's flags, without dashes in front: {"service-cluster-ip-range": "10.96.0.0/12"}."""
        self.connect: Connect = _no_connect
        """Serves subresources that reach into a node: log, exec, attach, portforward, proxy."""
        self.present: dict[str, Callable[[Obj], Obj]] = {}
        """How objects of a kind (by name) look to those who get or list them, where the store does not say all: heartbeats."""
        self.silent = False
        """Whether parts' events are dropped: while a cluster is being made."""
        self.etcd_fault = ""
        self._clients: dict[str, Client] = {}

    def client(self, user: str) -> Client:
        """The client of a component, one per user name."""
        found = self._clients.get(user)
        if found is None:
            found = self._clients[user] = Client(self, user)
        return found

    def require_etcd(self) -> None:
        """Refuse when etcd cannot be reached, as the real server does after its timeout."""
        if self.etcd_fault:
            raise errors.timeout(self.etcd_fault)

    # ------------------------------------------------------------------------------------------------ entry points

    def submit(self, request: ApiRequest) -> ApiResponse:
        """Answer one request that is not a watch. Never raises for anything a client sends."""
        try:
            return self._answer(request)
        except errors.ApiError as error:
            return refusal(error)

    def watch(self, request: ApiRequest) -> Watch | ApiResponse:
        """Open a watch, or answer why not."""
        try:
            info = parse_path(request.path, request.method)
            assert info is not None
            context = self._context(info, request, "watch")
            return handlers.watch(context, request)
        except errors.ApiError as error:
            return refusal(error)

    @staticmethod
    def is_watch(request: ApiRequest) -> bool:
        """Whether the request opens a stream of events."""
        info = parse_path(request.path, request.method)
        if info is None or request.method != "GET" or info.subresource:
            return False
        return info.deprecated_watch or _truth(request.parameter("watch")) and not info.name

    def _answer(self, request: ApiRequest) -> ApiResponse:
        info = parse_path(request.path, request.method)
        if info is None:
            return nonresource.answer(self, request)
        context = self._context(info, request, info.verb)
        if info.subresource and info.subresource not in ("status",):
            return subresources.answer(context, info, request)
        handler = handlers.HANDLERS.get(context.verb)
        if handler is None:
            raise errors.method_not_allowed()
        return handler(context, request)

    def _context(self, info: RequestInfo, request: ApiRequest, verb: str) -> Context:
        user = authentication.user_of(self, request)
        self.require_etcd()
        if self.authorizer is not None:
            self.authorizer.check(user, info)
        kind, served = self._find(info)
        context = Context(self, user, kind, served, verb)
        context.namespace = info.namespace if kind.namespaced else ""
        context.name, context.subresource = info.name, info.subresource
        if kind.name == "Namespace" and not info.name and info.namespace:
            context.name = info.namespace
        _check_verb(context, info)
        _read_options(context, request)
        return context

    def _find(self, info: RequestInfo) -> tuple[Kind, Served]:
        found = self.kinds.resource(info.group, info.version, info.resource)
        if found is None:
            raise errors.generic_not_found()
        return found


def _check_verb(context: Context, info: RequestInfo) -> None:
    kind, verb = context.kind, context.verb
    if info.subresource == "status" and not kind.status:
        raise errors.generic_not_found()
    if info.subresource or verb in kind.verbs:
        return
    raise errors.method_not_allowed()


def _truth(text: str) -> bool:
    return text not in ("", "0", "false", "False", "FALSE", "f", "F")


def _read_options(context: Context, request: ApiRequest) -> None:
    if not request.query:
        context.field_manager = _manager_of(request)
        return
    context.dry_run = "All" in request.parameters("dryRun")
    context.field_validation = request.parameter("fieldValidation") or "Warn"
    context.field_manager = request.parameter("fieldManager") or _manager_of(request)


def _manager_of(request: ApiRequest) -> str:
    """The default field manager: the user agent up to its first slash."""
    return request.header("user-agent").partition("/")[0]


def refusal(error: errors.ApiError) -> ApiResponse:
    """The answer an error becomes."""
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    return ApiResponse(error.code, orjson.dumps(error.status()), headers=headers)
