"""One request through a cluster's network, hop by hop."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import examples, services
from .parsers import JSONParser
from .serializers import Problem
from .strict import Strict, checked


class TraceWanted(Strict, serializers.Serializer):
    """from: {"pod": "namespace/name"}, {"node": "name"} or "outside"; to: a URL, host:port or host."""

    to = serializers.CharField(max_length=2048)
    method = serializers.RegexField(r"^[A-Za-z]+$", max_length=16, default="GET", error_messages={"invalid": "must be a method such as GET or POST"})
    headers = serializers.DictField(child=serializers.CharField(max_length=4096), default=dict)
    body = serializers.CharField(default="", allow_blank=True, trim_whitespace=False, max_length=65536)

    def get_fields(self) -> dict:
        """ "from" is no name Python would take."""
        return super().get_fields() | {"from": serializers.JSONField(default="outside")}


class TraceView(APIView):
    parser_classes = (JSONParser,)

    @extend_schema(
        request=TraceWanted,
        responses={200: OpenApiTypes.OBJECT, 400: Problem, 404: Problem, 409: Problem, 503: Problem},
        examples=examples.TRACE,
    )
    def post(self, request: Request, cluster: str) -> Response:
        """Send one request and tell every hop: DNS questions, rules, policies, and the answer or why there is none."""
        return Response(services.command(cluster=cluster, name="trace", args=checked(TraceWanted, request)))
