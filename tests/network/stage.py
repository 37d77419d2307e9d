"""A cluster with something to talk to, and short ways to ask."""

from __future__ import annotations

from typing import Any

from cluster_core.network.trace import OUTSIDE, Call, Source, Trace
from cluster_core.simulation.networking import network_of, proxies_of
from cluster_core.simulation.nodes import fleet_of
from tests.builders import Engine, workload

TOOL = Source("pod", "tool", "default")


def service(name: str = "web", namespace: str = "default", port: int = 80, target: Any = 80, **spec: Any) -> dict[str, Any]:
    body = {"selector": {"app": name}, "ports": [{"port": port, "targetPort": target}], **spec}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": body}


def lone(name: str, image: str = "busybox", namespace: str = "default", **more: Any) -> dict[str, Any]:
    """A pod by itself, labelled app=NAME; `container` and the rest of its spec as given."""
    command = {"command": ["sleep", "100000"]} if image == "busybox" else {}
    container = {"name": "c", "image": image, **command, **more.pop("container", {})}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [container], **more},
    }


class Town:
    """A cluster with a deployment "web" of nginx, its service, and a pod "tool" to ask from."""

    def __init__(self, **spec: Any) -> None:
        self.engine = Engine(**{"nodes": 2, **spec})
        self.api, self.cluster = self.engine.api, self.engine.cluster
        self.put("Deployment", workload("Deployment", "web", 2))
        self.put("Service", service())
        self.put("Pod", lone("tool"))
        self.settle()

    def put(self, kind: str, obj: dict[str, Any]) -> None:
        self.api.create(kind, obj)

    def settle(self) -> None:
        assert self.engine.settle()
        self.cluster.advance(2)

    def ask(self, target: str, source: Source = TOOL, call: Call | None = None) -> Trace:
        return network_of(self.cluster).request(source, target, call)

    def outside(self, target: str, call: Call | None = None) -> Trace:
        return self.ask(target, OUTSIDE, call)

    def run(self, command: str, name: str = "tool") -> tuple[int, str, str]:
        pod = self.api.get("Pod", "default", name)
        assert pod is not None
        return tuple(fleet_of(self.cluster).inside.execute(pod, "", ["sh", "-c", command]))  # type: ignore[return-value]

    @property
    def proxies(self) -> Any:
        return proxies_of(self.cluster)

    def node_port(self, name: str = "web") -> int:
        found = self.api.get("Service", "default", name)
        assert found is not None
        return int(found["spec"]["ports"][0]["nodePort"])

    def address(self, name: str) -> str:
        found = self.api.get("Pod", "default", name)
        assert found is not None
        return str(found["status"]["podIP"])
