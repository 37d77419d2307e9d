"""/metrics: what the server counted, in Prometheus' text format. Models apiserver/pkg/endpoints/metrics.

Counters begin at zero when the cluster is brought into memory, as they do when a real server restarts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_VERBS = {"get": "GET", "list": "LIST", "watch": "WATCH", "create": "POST", "update": "PUT", "patch": "PATCH"}


class Served(NamedTuple):
    """The labels of one apiserver_request_total series."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str
    dry_run: str
    code: int

    def labels(self) -> str:
        pairs = {**self._asdict(), "component": "apiserver"}
        return ",".join(f'{name}="{pairs[name]}"' for name in sorted(pairs))


class Metrics:
    """Counts answers as they leave."""

    def __init__(self) -> None:
        self.requests: Counter[Served] = Counter()

    def count(self, info: RequestInfo | None, request: ApiRequest, code: int) -> None:
        self.requests[_series(info, request, code)] += 1


def _series(info: RequestInfo | None, request: ApiRequest, code: int) -> Served:
    if info is None:
        return Served(request.method, "", "", "", request.path.split("?")[0] if code == 200 else "", "", "", code)
    scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
    verb = _VERBS.get(info.verb, info.verb.upper())
    dry_run = "All" if "All" in request.parameters("dryRun") else ""
    known = code not in (404, 405)
    resource = info.resource if known else ""
    return Served(verb, info.group, info.version, resource, info.subresource if known else "", scope, dry_run, code)


def answer(server: ApiServer) -> ApiResponse:
    lines = [
        "# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, dry run value, "
        "group, version, resource, scope, component, and HTTP response code.",
        "# TYPE apiserver_request_total counter",
    ]
    for series, number in sorted(server.metrics.requests.items()):
        lines.append(f"apiserver_request_total{{{series.labels()}}} {number}")
    lines += [*_storage(server), *_build()]
    return ApiResponse(200, ("\n".join(lines) + "\n").encode(), CONTENT_TYPE)


def _storage(server: ApiServer) -> list[str]:
    lines = [
        "# HELP apiserver_resource_objects [ALPHA] Number of stored objects at the time of last check split by kind.",
        "# TYPE apiserver_resource_objects gauge",
    ]
    for kind in sorted((kind for kind in server.kinds if kind.stored), key=lambda kind: kind.resource):
        count = server.storage.count(kind)
        lines.append(f'apiserver_resource_objects{{group="{kind.group}",resource="{kind.plural}"}} {count}')
    return [
        *lines,
        "# HELP etcd_debugging_mvcc_current_revision The current revision of store.",
        "# TYPE etcd_debugging_mvcc_current_revision gauge",
        f"etcd_debugging_mvcc_current_revision {server.storage.revision}",
    ]


def _build() -> list[str]:
    return [
        "# HELP kubernetes_build_info [ALPHA] A metric with a constant '1' value labeled by major, minor, git version, "
        "git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform "
        "on which it is running.",
        "# TYPE kubernetes_build_info gauge",
        'kubernetes_build_info{git_version="v1.36.2",major="1",minor="36",platform="linux/amd64"} 1',
    ]
