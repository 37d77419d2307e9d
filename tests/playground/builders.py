"""Requests and objects as tests say them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def get(path: str, **query: str) -> ApiRequest:
    return ApiRequest("GET", path, tuple(query.items()), {"accept": "application/json"}, b"", ADMIN)


def delete(path: str) -> ApiRequest:
    return ApiRequest("DELETE", path, (), {}, b"", ADMIN)


def post(path: str, obj: dict[str, Any], **query: str) -> ApiRequest:
    headers = {"content-type": "application/json", "user-agent": "tests/1"}
    return ApiRequest("POST", path, tuple(query.items()), headers, orjson.dumps(obj), ADMIN)


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def first(items: AsyncIterator[Any], seconds: float = 5.0) -> Any:
    """The next item; fails loudly when none comes."""
    return await asyncio.wait_for(anext(items), seconds)
