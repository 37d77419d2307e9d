"""What programs on a machine itself answer: the control plane, kubelet and kube-proxy."""

from __future__ import annotations

from cluster_core.apiserver.client import Client
from cluster_core.machinery.typed import Obj
from cluster_core.network.links import Links
from cluster_core.network.trace import Call, Response

API_SERVER, KUBELET, KUBELET_HEALTH, PROXY_METRICS, PROXY_HEALTH = 6443, 10250, 10248, 10249, 10256
MANAGER, SCHEDULER, ETCD, ETCD_PEERS = 10257, 10259, 2379, 2380
SPEECHLESS = frozenset((22, 111))
_MASTER = "node-role.kubernetes.io/control-plane"


def answer(api: Client, links: Links, node: str, call: Call) -> Response | None:
    """The answer of whatever listens on the port; None: it is closed."""
    port = call.port
    if port in (KUBELET, KUBELET_HEALTH):
        return _kubelet(call) if links.has_kubelet(node) else None
    if port in (PROXY_METRICS, PROXY_HEALTH):
        return Response(200, "ok") if links.rules.is_running(node) else None
    if port in (API_SERVER, MANAGER, SCHEDULER, ETCD, ETCD_PEERS):
        return _control_plane(api, links, node, call)
    if port in SPEECHLESS:
        return Response(0)
    return _service_health(api, node, port) if links.rules.is_running(node) else None


def _kubelet(call: Call) -> Response:
    healthy = call.port == KUBELET_HEALTH or call.plain == "/healthz"
    return Response(200, "ok") if healthy else Response(401, "Unauthorized")


def _control_plane(api: Client, links: Links, node: str, call: Call) -> Response | None:
    found = api.get("Node", "", node)
    if found is None or _MASTER not in found["metadata"].get("labels", {}):
        return None
    if call.port == API_SERVER:
        return links.api_server(call)
    if call.port in (ETCD, ETCD_PEERS):
        return Response(0)
    return Response(200, "ok") if call.plain == "/healthz" else Response(403, "")


_HEALTH = """{{
\t"service": {{
\t\t"namespace": "{namespace}",
\t\t"name": "{name}"
\t}},
\t"localEndpoints": {count},
\t"serviceProxyHealthy": true
}}"""


def _service_health(api: Client, node: str, port: int) -> Response | None:
    """kube-proxy's answer to load balancers: whether the service has endpoints on this node."""
    for service in api.list("Service"):
        if service["spec"].get("healthCheckNodePort") == port:
            here = _local_endpoints(api, service, node)
            metadata = service["metadata"]
            body = _HEALTH.format(namespace=metadata["namespace"], name=metadata["name"], count=here)
            headers = (("X-Content-Type-Options", "nosniff"), ("X-Load-Balancing-Endpoint-Weight", str(here)))
            return Response(200 if here else 503, body, "application/json", headers=headers)
    return None


def _local_endpoints(api: Client, service: Obj, node: str) -> int:
    metadata = service["metadata"]
    return sum(
        endpoint.get("nodeName") == node and (endpoint.get("conditions") or {}).get("ready") is not False
        for each in api.list("EndpointSlice", metadata["namespace"])
        if each["metadata"].get("labels", {}).get("kubernetes.io/service-name") == metadata["name"]
        for endpoint in each.get("endpoints") or ()
    )
