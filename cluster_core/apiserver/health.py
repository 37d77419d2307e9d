"""/healthz, /livez and /readyz. Models apiserver/pkg/server/healthz."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery import gofmt

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

ENDPOINTS = ("/healthz", "/livez", "/readyz")
_TEXT = "text/plain; charset=utf-8"
_HOOKS = tuple(
    f"poststarthook/{name}" if name != "autoregister-completion" else name
    for name in """start-apiserver-admission-initializer generic-apiserver-start-informers
    priority-and-fairness-config-consumer priority-and-fairness-filter storage-object-count-tracker-hook
    start-apiextensions-informers start-apiextensions-controllers crd-informer-synced start-system-namespaces-controller
    peer-endpoint-reconciler-controller start-cluster-authentication-info-controller
    start-kube-apiserver-identity-lease-controller start-kube-apiserver-identity-lease-garbage-collector storage-readiness
    start-legacy-token-tracking-controller start-service-ip-repair-controllers rbac/bootstrap-roles
    scheduling/bootstrap-system-priority-classes priority-and-fairness-config-producer bootstrap-controller
    start-kubernetes-service-cidr-controller aggregator-reload-proxy-client-cert start-kube-aggregator-informers
    apiservice-status-local-available-controller apiservice-status-remote-available-controller
    apiservice-registration-controller apiservice-discovery-controller kube-apiserver-autoregistration
    autoregister-completion apiservice-openapi-controller apiservice-openapiv3-controller""".split()  # noqa: SIM905 - a list as long as this reads better as words
)
CHECKS = {
    "healthz": ("ping", "log", "etcd", *_HOOKS),
    "livez": ("ping", "log", "loopback-serving-certificate", "etcd", *_HOOKS),
    "readyz": ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_HOOKS, "shutdown"),
}
_ON_ETCD = frozenset({"etcd", "etcd-readiness"})


def answer(server: ApiServer, request: ApiRequest, path: str) -> ApiResponse | None:
    """"ok", or line by line with ?verbose; 500 when etcd is out of reach. None: there is no such check."""
    endpoint, _, single = path[1:].partition("/")
    checks = CHECKS.get(endpoint)
    if checks is None or (single and single not in checks):
        return None
    failed = _ON_ETCD if server.etcd_fault else frozenset[str]()
    if single:
        return _single(server, single in failed)
    return _all(request, endpoint, checks, failed)


def _single(server: ApiServer, failed: bool) -> ApiResponse:
    text = f"internal server error: {server.etcd_fault}\n" if failed else "ok"
    return ApiResponse(500 if failed else 200, text.encode(), _TEXT)


def _all(request: ApiRequest, endpoint: str, checks: Sequence[str], failed: frozenset[str]) -> ApiResponse:
    excluded = request.parameters("exclude")
    lines, bad = [], False
    for check in checks:
        if check in excluded:
            lines.append(f"[+]{check} excluded: ok")
        elif check in failed:
            bad = True
            lines.append(f"[-]{check} failed: reason withheld")
        else:
            lines.append(f"[+]{check} ok")
    unknown = sorted(set(excluded).difference(checks))
    if unknown:
        named = ", ".join(map(gofmt.quote, unknown))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {named}")
    if not bad and not request.parameters("verbose"):
        return ApiResponse(200, b"ok", _TEXT)
    lines.append(f"{endpoint} check {'failed' if bad else 'passed'}\n")
    return ApiResponse(500 if bad else 200, "\n".join(lines).encode(), _TEXT)
