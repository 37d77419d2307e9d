"""The proxy subresources of pods, services and nodes: requests the API server passes on through the cluster's network.

Models pkg/registry/core/{pod,service,node} (ResourceLocation) and apimachinery's pkg/util/proxy. The kubelet's own pages
are served here too: only the API server has the certificate for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj
from cluster_core.network import rewriting
from cluster_core.network.places import address_of
from cluster_core.network.trace import ANSWERED, OPEN, REFUSED, TIMEOUT, UNREACHABLE, Call, Response, Source, Trace
from cluster_core.simulation import kubeletpages
from cluster_core.simulation.networking import network_of
from cluster_core.simulation.nodes import CONTROL_PLANE

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_KUBELET = "10250"
_WHY = {REFUSED: "connect: connection refused", TIMEOUT: "i/o timeout", UNREACHABLE: "connect: no route to host"}
Where = tuple[str, str, str]
"""Scheme, address and port; a port of "" is the scheme's own."""


def install(cluster: Cluster) -> None:
    """Serve */proxy; whatever was connected before serves the rest."""
    server, proxy = cluster.server, _Proxy(cluster)
    rest = server.connect

    def connect(context: Context, subresource: Subresource, info: RequestInfo, request: ApiRequest) -> ApiResponse:
        if subresource.name == "proxy":
            return proxy.answer(context, info, request)
        return rest(context, subresource, info, request)

    server.connect = connect


class _Proxy:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._api = cluster.world.client("system:kube-apiserver")

    def answer(self, context: Context, info: RequestInfo, request: ApiRequest) -> ApiResponse:
        path = _path_of(request, info)
        if not path and request.method in ("GET", "HEAD"):
            return ApiResponse(301, b"", headers=(("Location", _with_query("proxy/", request)),))
        locate: Callable[[str, str, str], Where] = {"Pod": self._pod, "Service": self._service, "Node": self._node}[context.kind.name]
        scheme, name, port = _split(context.kind.name, info.name)
        where = locate(info.namespace, name, port)
        if context.kind.name == "Node" and where[2] == _KUBELET:
            return self._kubelet(name, where[1], path)
        return self._passed(where if not scheme else (scheme, *where[1:]), path, request)

    # ------------------------------------------------------------------------------------------------ locations

    def _pod(self, namespace: str, name: str, port: str) -> Where:
        pod = self._api.get("Pod", namespace, name)
        if pod is None:
            raise errors.not_found("", "pods", name)
        declared = (str(each["containerPort"]) for container in pod["spec"]["containers"] for each in container.get("ports") or ())
        address = pod.get("status", {}).get("podIP", "")
        if not address:
            raise errors.bad_request("address not allowed")
        return "http", address, port or next(declared, "")

    def _service(self, namespace: str, name: str, port: str) -> Where:
        wanted = f"{name}:{port}" if port else name
        if port.isdigit():
            service = self._api.get("Service", namespace, name)
            if service is None:
                raise errors.not_found("", "services", name)
            found = next((each for each in service["spec"].get("ports") or () if each["port"] == int(port)), None)
            if found is None:
                raise errors.service_unavailable(f'no service port {port} found for service "{name}"')
            port = found.get("name", "")
        endpoints = self._api.get("Endpoints", namespace, name)
        if endpoints is None:
            raise errors.not_found("", "endpoints", name)
        return self._endpoint(endpoints.get("subsets") or (), port, name if not endpoints.get("subsets") else wanted)

    def _endpoint(self, subsets: Sequence[Obj], port: str, wanted: str) -> Where:
        """One of the pods behind the port, by chance."""
        ready = [
            (address["ip"], str(each["port"]))
            for subset in subsets
            for each in subset.get("ports") or ()
            if each.get("name", "") == port
            for address in subset.get("addresses") or ()
            if address.get("targetRef", {}).get("kind") == "Pod"
        ]
        if not ready:
            raise errors.service_unavailable(f'no endpoints available for service "{wanted}"')
        stream = self._cluster.world.seed.stream("service-proxy", wanted, self._cluster.clock.now)
        return "http", *stream.choice(ready)

    def _node(self, namespace: str, name: str, port: str) -> Where:
        node = self._api.get("Node", "", name)
        if node is None:
            raise errors.not_found("", "nodes", name)
        return "http", address_of(node), port or _KUBELET

    # ------------------------------------------------------------------------------------------------ asking

    def _passed(self, where: Where, path: str, request: ApiRequest) -> ApiResponse:
        scheme, address, port = where
        target = f"{scheme}://{address}{':' + port if port else ''}{_with_query(path, request)}"
        trace = self._ask(target, request)
        if trace.outcome in (ANSWERED, OPEN) and trace.response.status:
            answer = _led_through(trace.response, request, path, (trace.call.host, f"{address}:{trace.port}"))
            body = b"" if request.method == "HEAD" else answer.body.encode()
            return ApiResponse(answer.status, body, answer.type, answer.headers)
        why = "EOF" if trace.outcome in (ANSWERED, OPEN) else f"dial tcp {address}:{trace.port}: {_WHY.get(trace.outcome, trace.outcome)}"
        raise errors.service_unavailable(f"error trying to reach service: {why}")

    def _ask(self, target: str, request: ApiRequest) -> Trace:
        """From the machine the API server runs on."""
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "authorization") and name[:1] != ":"}
        call = Call(request.method, headers=headers, body=request.body.decode("utf-8", "replace"))
        return network_of(self._cluster).request(self._source(), target, call)

    def _source(self) -> Source:
        if self._api.get("Node", "", CONTROL_PLANE) is not None:
            return Source("node", CONTROL_PLANE)
        first = next((node["metadata"]["name"] for node in self._api.list("Node")), "")
        return Source("node", first)

    # ------------------------------------------------------------------------------------------------ kubelets

    def _kubelet(self, node: str, address: str, path: str) -> ApiResponse:
        """What kubelets show to the API server only."""
        if not network_of(self._cluster).links.has_kubelet(node):
            raise errors.service_unavailable(f"error trying to reach service: dial tcp {address}:{_KUBELET}: connect: connection refused")
        return kubeletpages.page(self._cluster, node, path)


def _led_through(answer: Response, request: ApiRequest, path: str, hosts: tuple[str, ...]) -> Response:
    """The answer with its links and where it redirects to made to come back through the proxy."""
    prefix = request.path.removesuffix(path)
    headers = tuple((name, rewriting.link(value, prefix, hosts) if name.lower() == "location" else value) for name, value in answer.headers)
    is_page = answer.type.partition(";")[0].strip() == "text/html" and headers == answer.headers
    return answer._replace(headers=headers, body=rewriting.page(answer.body, prefix, hosts) if is_page else answer.body)


def _path_of(request: ApiRequest, info: RequestInfo) -> str:
    """What follows /api/v1/[namespaces/NAMESPACE/]RESOURCE/NAME/proxy, spelled as it came."""
    before = 8 if info.namespace else 6
    return "".join(f"/{part}" for part in request.path.split("/")[before:])


def _with_query(path: str, request: ApiRequest) -> str:
    return f"{path}?{urlencode(list(request.query))}" if request.query else path


def _split(kind: str, text: str) -> tuple[str, str, str]:
    """(scheme, name, port) of "name", "name:port" or "scheme:name:port". Raises BadRequest."""
    parts = text.split(":")
    scheme, name, port = ("", *parts, "")[:3] if len(parts) < 3 else (*parts, "")[:3]
    if len(parts) > 3 or not name or scheme not in ("", "http", "https"):
        raise errors.bad_request(f'invalid {kind.lower()} request "{text}"')
    return scheme, name, port
