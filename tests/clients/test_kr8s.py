"""kr8s, the asynchronous Python client: discovery, objects, waiting, scaling, watching, tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import kr8s
import pytest
from kr8s.asyncio.objects import ConfigMap, Deployment, Namespace, Pod

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Kubernetes version:UserWarning"),  # newer than this kr8s knows
]


@pytest.fixture
async def api(secure_kubeconfig: Path) -> AsyncIterator[kr8s.asyncio.Api]:
    made = await kr8s.asyncio.api(kubeconfig=str(secure_kubeconfig))
    yield made
    if made._session is not None:
        await made._session.aclose()  # kr8s itself never does


@pytest.fixture
async def namespace(api: kr8s.asyncio.Api) -> AsyncIterator[str]:
    made = await Namespace({"metadata": {"generateName": "kr8s-"}}, api=api)
    await made.create()
    yield made.name
    await made.delete()


async def test_the_server_tells_its_version_and_resources(api: kr8s.asyncio.Api) -> None:
    assert (await api.version())["gitVersion"] == "v1.36.2"
    kinds = {resource["kind"] for resource in await api.api_resources()}
    assert {"Pod", "Deployment", "Ingress", "CustomResourceDefinition"} <= kinds


async def test_a_pod_becomes_ready_logs_and_goes(api: kr8s.asyncio.Api, namespace: str) -> None:
    spec = {"containers": [{"name": "web", "image": "nginx"}]}
    pod = await Pod({"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, api=api)
    await pod.create()
    await pod.wait("condition=Ready", timeout=30)
    assert await pod.ready()
    await pod.label(tier="front")
    found = [item.name async for item in api.get("pods", namespace=namespace, label_selector={"tier": "front"})]
    assert found == ["web"]
    assert any("nginx" in line or "worker" in line for line in [line async for line in pod.logs()])
    await pod.delete(grace_period=0)
    await pod.wait("delete", timeout=30)


async def test_a_deployment_is_scaled_and_watched(api: kr8s.asyncio.Api, namespace: str) -> None:
    labels = {"app": "web"}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}  # fmt: skip
    deployment = await Deployment({"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, api=api)
    await deployment.create()
    await deployment.scale(3)
    async with asyncio.timeout(30):
        async for _, seen in api.watch("deployments", namespace=namespace):
            if seen.status.get("readyReplicas") == 3:
                break
    assert len(await deployment.pods()) == 3


async def test_patches_and_conflicts(api: kr8s.asyncio.Api, namespace: str) -> None:
    settings = await ConfigMap({"metadata": {"name": "settings", "namespace": namespace}, "data": {"a": "1"}}, api=api)
    await settings.create()
    await settings.patch([{"op": "replace", "path": "/data/a", "value": "2"}], type="json")
    await settings.refresh()
    assert settings.data.a == "2"
    with pytest.raises(kr8s.ServerError, match="already exists"):
        await settings.create()
