"""What lies in a cluster's etcd: keys with their revisions, and one key's value now, then, and in all versions kept."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cluster_core.etcd.service import INVALID, MISSING, OUT_OF_RANGE, PRECONDITION, UNAVAILABLE
from cluster_core.etcd.store import prefix_end
from playground.engine.port import EngineError

from . import services
from .serializers import Problem
from .strict import Strict, checked_query

MOST = 1000
_STATUS = {INVALID: 400, MISSING: 404, PRECONDITION: 400, OUT_OF_RANGE: 400, UNAVAILABLE: 503}
"""The HTTP status of etcd's gRPC codes, as its own HTTP gateway answers them."""


class EtcdWanted(Strict, serializers.Serializer):
    prefix = serializers.CharField(default="", allow_blank=True, trim_whitespace=False, max_length=1024)
    key = serializers.CharField(required=False, trim_whitespace=False, max_length=1024, help_text="this one with its value")
    revision = serializers.IntegerField(default=0, min_value=0, help_text="as of this revision; 0: now")
    limit = serializers.IntegerField(default=500, min_value=1, max_value=MOST)


class EtcdView(APIView):
    @extend_schema(parameters=[EtcdWanted], responses={200: OpenApiTypes.OBJECT, 400: Problem, 404: Problem, 503: Problem})
    def get(self, request: Request, cluster: str) -> Response:
        """Keys that begin with the prefix, or one key with its value and the versions of it that etcd still has."""
        given = checked_query(EtcdWanted, request)
        return Response(_one(cluster, given) if "key" in given else _listed(cluster, given))


def _ask(cluster: str, op: str, **args: Any) -> dict[str, Any]:
    """Raises EngineError with etcd's words."""
    answer = services.command(cluster=cluster, name="etcd", args={"op": op, **args})
    if "error" in answer:
        code, message = answer["error"]
        raise EngineError(message, _STATUS[code])
    return answer


def _listed(cluster: str, given: dict[str, Any]) -> dict[str, Any]:
    prefix = given["prefix"]
    end = prefix_end(prefix)
    found = _ask(cluster, "range", key=prefix, end=end, at=given["revision"], limit=given["limit"], keys_only=True)
    keys = [_facts(each) for each in found["kvs"]]
    return {"revision": found["revision"], "count": found["count"], "keys": keys}


def _facts(found: list[Any]) -> dict[str, Any]:
    key, _, created, modified, version, lease = found
    return {"key": key, "created": created, "modified": modified, "version": version, "lease": lease}


def _one(cluster: str, given: dict[str, Any]) -> dict[str, Any]:
    found = _ask(cluster, "range", key=given["key"], at=given["revision"])
    versions = _ask(cluster, "history", key=given["key"])["versions"]
    value = found["kvs"][0] if found["kvs"] else None
    return {
        "revision": found["revision"],
        "value": {**_facts(value), "text": value[1].decode("utf-8", "replace")} if value else None,
        "versions": versions,
    }
