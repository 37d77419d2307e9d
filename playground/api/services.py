"""What views ask for, in the words of the engine port. Synchronous: called from Django's threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.simulation.saved import ClusterSpec
from playground import clusters
from playground.engine.port import NoSuchCluster

from . import apply as applying

Answer = dict[str, Any]


def command(*, cluster: str, name: str, args: Mapping[str, Any] | None = None) -> Answer:
    """Raises EngineError."""
    return async_to_sync(clusters.engine().command)(cluster, name, dict(args or {}))


def request(*, cluster: str, request: ApiRequest) -> ApiResponse:
    """One request to the cluster's API. Raises EngineError."""
    answer: ApiResponse = async_to_sync(clusters.engine().request)(cluster, request)
    return answer


def create(*, wanted: Mapping[str, Any], limits: Mapping[str, float] | None = None) -> Answer:
    args = {name: value for name, value in wanted.items() if name != "name"}
    if limits:
        args["limits"] = dict(limits)
    if "acceptAnyImage" in args:
        args["accept_any_image"] = args.pop("acceptAnyImage")
    if "start" in args:
        args["start"] = int(args["start"].timestamp())
    made = command(cluster=wanted["name"], name="create", args=args)
    return {key: made[key] for key in ("name", "seed", "revision")} | {"kubeconfig": kubeconfig_path(made["name"])}


def fork(*, cluster: str, wanted: Mapping[str, Any]) -> Answer:
    made = command(cluster=cluster, name="fork", args=wanted)
    return {key: made[key] for key in ("name", "seed", "revision")} | {"kubeconfig": kubeconfig_path(made["name"])}


def exists(*, cluster: str) -> bool:
    return clusters.token_of(name=cluster) is not None


def adopt(*, name: str, packed: Mapping[str, Any], limits: Mapping[str, float] | None = None) -> Answer:
    """Let a cluster simulated elsewhere live on as `name`, paused, with its history (`adopting.pack`)."""
    spec = replace(ClusterSpec.decode(packed["spec"]), limits=dict(limits or {})).encode()
    return command(cluster=name, name="adopt", args={**packed, "spec": spec})


def delete(*, cluster: str) -> None:
    command(cluster=cluster, name="delete")
    clusters.forget_tokens()


def state(*, cluster: str) -> Answer:
    found = command(cluster=cluster, name="state")
    found.pop("token", None)
    return found | {"kubeconfig": kubeconfig_path(cluster)}


def kubeconfig_path(name: str) -> str:
    return f"/api/v1/clusters/{name}/kubeconfig/"


def kubeconfig(*, cluster: str, host: str, scheme: str) -> str:
    token = clusters.token_of(name=cluster)
    if token is None:
        raise NoSuchCluster(f'cluster "{cluster}" not found')
    return clusters.kubeconfig(name=cluster, token=token, base_url=settings.PUBLIC_URL or f"{scheme}://{host}")


def apply(*, cluster: str, text: str, dry_run: bool, objects: bool = False) -> list[Answer]:
    run = async_to_sync(applying.apply)
    return run(engine=clusters.engine(), cluster=cluster, text=text, dry_run=dry_run, objects=objects)
