"""Who may open a stream into a pod, and which pod that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from cluster_core.apiserver.request import ApiRequest, parse_path
from cluster_core.machinery.typed import Obj
from playground.engine.frames import unpack_request
from playground.engine.port import EngineError
from playground.worker.resident import Resident


def entered(resident: Resident, args: Mapping[str, Any], verbs: Collection[str]) -> tuple[str, Obj, ApiRequest]:
    """(the subresource, its pod, the request in args["request"]). Raises EngineError for who may not, or what is not there."""
    request = unpack_request(args["request"], b"")
    info = parse_path(request.path, "GET")
    if info is None or info.subresource not in verbs:
        raise EngineError("there is no such stream", 404)
    _check(resident, request)
    pod = resident.engine.get("Pod", info.namespace, info.name)
    if pod is None:
        raise EngineError(f'pods "{info.name}" not found', 404)
    return info.subresource, pod, request


def _check(resident: Resident, request: ApiRequest) -> None:
    """Both for reading, which a websocket's GET is, and for creating, which it amounts to. Raises EngineError."""
    for method in ("GET", "POST"):
        answer = resident.engine.submit(replace(request, method=method))
        if answer.status != 101:
            raise EngineError(str(answer.json().get("message", "refused")), answer.status)
