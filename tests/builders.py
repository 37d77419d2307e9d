"""Builders of objects and a cluster at hand, for tests that read like sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest, ApiResponse, User
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec


def pod_template(image: str = "nginx", labels: Mapping[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": image}
    return {"metadata": {"labels": dict(labels or {"app": "web"})}, "spec": {"containers": [container], **spec}}


def workload(kind: str, name: str = "web", replicas: int | None = 3, **spec: Any) -> dict[str, Any]:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet whose pods are labelled app=NAME."""
    body: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(labels={"app": name}),
        **spec,
    }
    if replicas is not None:
        body["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": body}


def pod(name: str = "web", image: str = "nginx", namespace: str = "default", **spec: Any) -> dict[str, Any]:
    template = pod_template(image, **spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": template["spec"]}


class Engine:
    """A cluster and short ways to talk to it."""

    def __init__(self, **spec: Any) -> None:
        self.cluster = Cluster.create(ClusterSpec(**{"name": "test", **spec}))
        self.api = self.cluster.world.client("tester")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Sequence[tuple[str, str]] = (),
        user: User = ADMIN,
        **headers: str,
    ) -> ApiResponse:
        """One request over the API's front door; header names with underscores."""
        sent = {"content-type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return self.cluster.submit(ApiRequest(method, path, query, sent, data, user))

    def settle(self, seconds: float = 3600) -> bool:
        return self.cluster.settle(seconds)

    def events(self, reason: str = "") -> list[dict[str, Any]]:
        return [dict(event) for event in self.api.list("Event") if not reason or event["reason"] == reason]
