"""Selectors on clusters for web processes, and the engine they talk to. Writing is the worker's business, but for limits:
those of a whole class change at once, and no cluster is woken for it."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import orjson
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import transaction

from cluster_core.models import Cluster, ClusterLease
from playground.engine.address import Tls
from playground.engine.client import StreamEngine
from playground.engine.port import Engine
from playground.engine.routed import RoutedEngine
from playground.worker.limiting import changed
from playground.workers import Registry

_REMEMBER_SECONDS = 2.0
_MOST_REMEMBERED = 10_000
_names: dict[str, tuple[str, float]] = {}


@lru_cache(1)
def engine() -> Engine:
    """The Engine of this process: the one worker, or whichever of several owns the cluster."""
    return make_engine(settings.WORKER_WAIT_SECONDS)


def make_engine(wait: float) -> StreamEngine | RoutedEngine:
    """One that waits so many seconds for a worker."""
    tls = Tls.of(settings.WORKER_TLS)
    if settings.SCALED:
        return RoutedEngine(Registry(), tls=tls, wait=wait)
    return StreamEngine(settings.WORKER_URL, tls=tls, wait=wait)


async def name_of_token(token: str) -> str | None:
    """The cluster a kubeconfig's URL token opens; remembered for a moment, for kubectl asks often."""
    known = _names.get(token)
    if known is not None and known[1] > time.monotonic():
        return known[0]
    _names.pop(token, None)
    name = await _find_token(token)
    if name is not None and len(_names) < _MOST_REMEMBERED:
        _names[token] = (name, time.monotonic() + _REMEMBER_SECONDS)
    return name


@database_sync_to_async
def _find_token(token: str) -> str | None:
    name: str | None = Cluster.objects.filter(token=token).values_list("name", flat=True).first()
    return name


def forget_tokens() -> None:
    """A cluster was deleted: its token must not open a new one of that name."""
    _names.clear()


def token_of(*, name: str) -> str | None:
    token: str | None = Cluster.objects.filter(name=name).values_list("token", flat=True).first()
    return token


def awake(names: Collection[str]) -> list[list[str]]:
    """Those of these clusters that some worker has in memory, together those of one worker."""
    held = ClusterLease.objects.filter(cluster__name__in=names, expires__gt=time.time()).exclude(owner="")
    by_owner: dict[str, list[str]] = {}
    for owner, name in held.values_list("owner", "cluster__name"):
        by_owner.setdefault(owner, []).append(name)
    return list(by_owner.values())


def limit(limits: Mapping[str, Mapping[str, float]]) -> None:
    """Let clusters, by name, grow to this from now on. First written for those that wake later, then told to those that are
    awake: whichever way, none keeps what it had. Raises EngineError."""
    with transaction.atomic():
        rows = list(Cluster.objects.select_for_update().filter(name__in=limits).only("spec", "name"))
        for row in rows:
            row.spec = changed(row.spec, limits[row.name])
        Cluster.objects.bulk_update(rows, ["spec"])
    for names in awake(limits):
        args = {"clusters": {name: dict(limits[name]) for name in names}}
        async_to_sync(engine().command)(names[0], "limits", args)


def summaries(*, visible: Collection[str] | None = None) -> list[dict[str, Any]]:
    """The clusters of these names (None: all) as the record tells, without waking any."""
    columns = ("name", "spec", "seed", "created", "revision", "settings")
    found = Cluster.objects.all() if visible is None else Cluster.objects.filter(name__in=visible)
    return [_summary(row) for row in found.order_by("name").values(*columns)]


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    made = orjson.loads(row["spec"])
    return {
        "name": row["name"],
        "nodes": 0 if made.get("bare") else made.get("nodes", 0),
        "cpu": made.get("cpu", ""),
        "memory": made.get("memory", ""),
        "bare": made.get("bare", False),
        "seed": row["seed"],
        "created": row["created"],
        "revision": row["revision"],
        "clock": {"speed": 1.0, "paused": False, **orjson.loads(row["settings"])},
    }


def network_address(*, name: str, token: str) -> str:
    """What stands behind /k8s/. Where there are accounts it cannot be guessed: credentials that the cluster checks itself
    may have been made in another cluster of the same seed."""
    if settings.LOCAL_MODE:
        return name
    return f"{name}.{hashlib.sha256(b'network address ' + token.encode()).hexdigest()[:24]}"


def kubeconfig(*, name: str, token: str, base_url: str) -> str:
    """A kubeconfig for the cluster, as YAML. Its URL carries the token, for kubectl sends none over plain http."""
    return _kubeconfig(name, {"server": f"{base_url.rstrip('/')}/k/{token}"}, {})


def secure_kubeconfig(*, name: str, token: str, base_url: str, authority: str) -> str:
    """A kubeconfig for HTTPS: the token is a bearer token; `authority` (PEM) is whom to trust, "": whom the machine does."""
    where = {"server": f"{base_url.rstrip('/')}/k8s/{network_address(name=name, token=token)}"}
    if authority:
        where["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
    return _kubeconfig(name, where, {"token": token})


def _kubeconfig(name: str, where: dict[str, str], credentials: dict[str, str]) -> str:
    user = "".join(f"\n    {key}: {value}" for key, value in credentials.items()) or " {}"
    return (
        "apiVersion: v1\n"
        "kind: Config\n"
        "clusters:\n"
        f"- name: {name}\n"
        "  cluster:\n"
        + "".join(f"    {key}: {value}\n" for key, value in where.items())
        + "contexts:\n"
        f"- name: {name}\n"
        "  context:\n"
        f"    cluster: {name}\n"
        f"    user: {name}-admin\n"
        f"current-context: {name}\n"
        "users:\n"
        f"- name: {name}-admin\n"
        f"  user:{user}\n"
    )
