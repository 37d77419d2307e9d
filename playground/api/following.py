"""Links by which others follow a presenter on a cluster: make, list, revoke."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from playground.engine.port import EngineError
from playground.live import follow
from playground.live.models import FollowLink

from .serializers import Problem
from .strict import nothing_wanted

_PROBLEMS = {404: Problem, 409: Problem}


class Link(serializers.Serializer):
    token = serializers.CharField()
    url = serializers.CharField(help_text="What to hand out: whoever opens it sees the cluster, read-only")
    created = serializers.DateTimeField()


def _told(link: FollowLink, request: Request) -> dict[str, object]:
    base = settings.PUBLIC_URL.rstrip("/") or f"{request.scheme}://{request.get_host()}"
    return {"token": link.token, "url": f"{base}/follow/{link.token}/", "created": link.created}


class FollowLinksView(APIView):
    @extend_schema(operation_id="follow_links_list", responses={200: Link(many=True), **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """The links that work."""
        return Response([_told(link, request) for link in follow.links(cluster=cluster)])

    @extend_schema(request=None, responses={201: Link, **_PROBLEMS})
    def post(self, request: Request, cluster: str) -> Response:
        """Make a link that others follow live."""
        nothing_wanted(request)
        return Response(_told(follow.begin(cluster=cluster), request), status=201)


class FollowLinkView(APIView):
    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, cluster: str, token: str) -> Response:
        """Revoke a link: nobody follows it any more."""
        if not follow.end(cluster=cluster, token=token):
            raise EngineError("there is no such link", 404)
        async_to_sync(follow.tell_ended)(token=token)
        return Response(status=204)
