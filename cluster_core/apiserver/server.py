"""The API server: one request in, one answer out. Models apiserver/pkg/server and its filter chain.

Authenticate, authorize, admit, default, validate, store: the order of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cluster_core.apiserver import (
    aggregation,
    deprecation,
    discovery,
    handlers,
    hooks,
    identity,
    negotiate,
    nonresource,
    options,
    protobuf,
    routing,
    subresources,
)
from cluster_core.apiserver.access import Authorizer, user_of
from cluster_core.apiserver.admission.chain import Chain
from cluster_core.apiserver.admission.chain import Plugin as AdmissionPlugin
from cluster_core.apiserver.client import Client
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.customresources.serving import CustomKinds
from cluster_core.apiserver.fieldmanager import FieldManager
from cluster_core.apiserver.kind import Kind, Kinds, Subresource
from cluster_core.apiserver.metrics import Metrics
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo, User, parse_path
from cluster_core.apiserver.storage import Storage
from cluster_core.apiserver.tokens import Tokens
from cluster_core.apiserver.watch import Watch
from cluster_core.apiserver.world import World
from cluster_core.etcd.store import Store
from cluster_core.machinery import errors
from cluster_core.machinery.clock import Agenda, Clock
from cluster_core.machinery.seed import Seed
from cluster_core.machinery.typed import Obj

_Answer = TypeVar("_Answer")
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
        self.custom = CustomKinds(self)
        self.admission = Chain(admission)
        self.fields = FieldManager()
        self.metrics = Metrics()
        self.world = World(clock, agenda, seed, self.client)
        self.authorizer = Authorizer(self)
        self.tokens = Tokens(self)
        self.authenticators: list[Callable[[ApiRequest], User | None]] = []
        self.options: Mapping[str, Any] = {}
        """The server's flags, without dashes in front: {"service-cluster-ip-range": "10.96.0.0/12"}."""
        self.connect: Connect = _no_connect
        """Serves subresources that reach into a node: log, exec, attach, portforward, proxy."""
        self.reach: hooks.Reach = hooks.nowhere
        """Posts to a webhook over the cluster's network."""
        self.present: dict[str, Callable[[Obj], Obj]] = {}
        """How objects of a kind (by name) look to those who get or list them, where the store does not say all: heartbeats."""
        self.silent = False
        """Whether parts' events are dropped: while a cluster is being made."""
        self.version = nonresource.VERSION["gitVersion"]
        """What it says it is."""
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
        info = parse_path(request.path, request.method)
        try:
            response = self._answer(info, protobuf.as_json(request))
        except routing.NoSuchPage as error:
            unserved = info is not None and aggregation.is_foreign(self, info.group, info.version)
            response = aggregation.UNAVAILABLE if unserved else refusal(error, request)
        except errors.ApiError as error:
            response = refusal(error, request)
        self.metrics.count(info, request, response.status)
        return response

    def watch(self, request: ApiRequest) -> Watch | ApiResponse:
        """Open a watch, or answer why not."""
        try:
            info = parse_path(request.path, request.method)
            assert info is not None
            self.metrics.count(info, request, 200)
            return self._within(self._context(info, request, "watch"), request, lambda context: handlers.watch(context, request))
        except errors.ApiError as error:
            return refusal(error, request)

    @staticmethod
    def is_watch(request: ApiRequest) -> bool:
        """Whether the request opens a stream of events."""
        info = parse_path(request.path, request.method)
        if info is None or request.method != "GET" or info.subresource:
            return False
        return info.deprecated_watch or (bool(options.boolean(request, "watch")) and not info.name)

    def _answer(self, info: RequestInfo | None, request: ApiRequest) -> ApiResponse:
        if info is None:
            place = request.path.strip("/").split("/")
            if len(place) == 3 and place[0] == "apis" and aggregation.is_foreign(self, place[1], place[2]):
                return aggregation.UNAVAILABLE
            options.check_timeout(request)
            return nonresource.answer(self, request)
        options.check_timeout(request)
        return self._within(self._context(info, request, info.verb), request, lambda context: _handled(context, info, request))

    @staticmethod
    def _within(context: Context, request: ApiRequest, serve: Callable[[Context], _Answer]) -> _Answer | ApiResponse:
        """The answer, be it a refusal, with the warnings so far."""
        try:
            return serve(context)
        except negotiate.NothingServed as error:
            return refusal(negotiate.route_refusal(context, request, error), request, context.warnings)
        except errors.ApiError as error:
            return refusal(error, request, context.warnings)

    def _context(self, info: RequestInfo, request: ApiRequest, verb: str) -> Context:
        user = user_of(self, request, info)
        self.require_etcd()
        kind, served = routing.find(self.kinds, info, request.method)
        context = Context(self, user, kind, served, verb)
        context.namespace = info.namespace if kind.namespaced else ""
        context.name, context.subresource = info.name, info.subresource
        if kind.name == "Namespace" and not info.name and info.namespace:
            context.name = info.namespace
        context.field_manager = options.manager_of(request)
        context.warnings.extend(deprecation.warnings(served, kind))
        return context


def _handled(context: Context, info: RequestInfo, request: ApiRequest) -> ApiResponse:
    identity.check_segment(info.name)
    if info.subresource and info.subresource != "status" and not subresources.is_part(context):
        return subresources.answer(context, info, request)
    return handlers.HANDLERS[context.verb](context, request)


def refusal(error: errors.ApiError, request: ApiRequest, warnings: Sequence[str] = ()) -> ApiResponse:
    """The answer an error becomes, in the encoding that was asked for."""
    if isinstance(error, routing.NoSuchPage):
        return discovery.PAGE_NOT_FOUND
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    format = negotiate.of_refusal(request)
    body = negotiate.encode(error.status(), format)
    return ApiResponse(error.code, body, format.media, headers=headers, warnings=tuple(warnings))
