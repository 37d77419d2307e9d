"""REST of demos: check, ask a service, answer."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from playground.api.parsers import JSONParser, TextParser
from playground.api.serializers import Problem
from playground.api.strict import checked
from playground.classroom import access, allowed

from . import catalogue, demo, playing, serializers, services, wording
from .demo import Demo, DemoError

_PROBLEMS = {400: Problem, 404: Problem, 409: Problem, 503: Problem}


class Conflict(APIException):
    status_code = 409


def _shown(found: Demo) -> dict[str, Any]:
    return {**wording.summary(found), "file": reverse("demo-file", args=[found.name])}


def _find(name: str) -> Demo:
    found = catalogue.find(name)
    if found is None:
        raise Http404(f'there is no demo "{name}"')
    return found


def _file(found: Demo) -> HttpResponse:
    disposition = f'attachment; filename="{found.name}.demo.yaml"'
    headers = {"Content-Disposition": disposition}
    return HttpResponse(demo.dump(found), content_type="application/yaml", headers=headers)


class DemosView(APIView):
    parser_classes = (TextParser,)

    @extend_schema(operation_id="demos_list", responses={200: serializers.DemoShown(many=True)})
    def get(self, request: Request) -> Response:
        """All demos."""
        return Response([_shown(each) for each in catalogue.demos()])

    @extend_schema(request={"application/yaml": OpenApiTypes.STR}, responses={201: serializers.DemoShown, **_PROBLEMS})
    def post(self, request: Request) -> Response:
        """Import a demo's file."""
        try:
            kept = catalogue.keep(demo.load(request.data if isinstance(request.data, str) else ""))
        except DemoError as error:
            raise ValidationError({"file": [str(each) for each in error.problems]}) from error
        except catalogue.NameTaken as error:
            raise Conflict(str(error)) from error
        return Response(_shown(kept), status=201)


class DemoView(APIView):
    @extend_schema(responses={200: serializers.DemoShown, **_PROBLEMS})
    def get(self, request: Request, name: str) -> Response:
        """One demo."""
        return Response(_shown(_find(name)))

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, name: str) -> Response:
        """Forget a demo that was imported or recorded here."""
        _find(name)
        if not catalogue.forget(name):
            raise Conflict("this demo comes with the playground")
        return Response(status=204)


class DemoFileView(APIView):
    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR, **_PROBLEMS})
    def get(self, request: Request, name: str) -> HttpResponse:
        """The demo as one file, to share."""
        return _file(_find(name))


class SchemaView(APIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """The JSON Schema of demos."""
        return Response(demo.schema())


class ReplayView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.ReplayWanted, responses={201: serializers.Replaying, **_PROBLEMS})
    def post(self, request: Request, name: str) -> Response:
        """A new, paused cluster on which the demo is replayed as its time passes."""
        found = _find(name)
        cluster = checked(serializers.ReplayWanted, request).get("cluster") or services.name_for(demo=found)
        try:
            return Response(services.replay(who=request._request.who, demo=found, cluster=cluster), status=201)
        except playing.CannotPlay as error:
            raise Conflict(str(error)) from error


class ClusterDemoView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(responses={200: serializers.DemoState, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """What is recorded of the cluster, and how far the demo is that is replayed on it."""
        return Response(_with_texts(services.state(cluster=cluster)))

    @extend_schema(
        request=serializers.DemoAction, responses={200: serializers.DemoState, 201: serializers.DemoShown, **_PROBLEMS}
    )
    def post(self, request: Request, cluster: str) -> Response:
        """Record, stop, say something about the last step, save as a demo; or of a replay: one step on, branch off."""
        given = checked(serializers.DemoAction, request)
        if given["action"] == "save":
            allowed.insist(access.teaches_somewhere(request._request.who))  # demos are everybody's
            return Response(_shown(_save(cluster, given)), status=201)
        return Response(_with_texts(_act(cluster, given)))


def _with_texts(state: dict[str, Any]) -> dict[str, Any]:
    """A replay knows the title and the captions of its demo: with what they are in the language of the request."""
    title = state["replay"].get("title", "")
    found = next((each for each in catalogue.demos() if title and each.title == title), None)
    return {**state, "texts": wording.instead(found) if found else {}}


def _act(cluster: str, given: dict[str, Any]) -> dict[str, Any]:
    action = given["action"]
    if action in ("record", "stop"):
        return services.record(cluster=cluster, action="start" if action == "record" else "stop")
    if action == "caption":
        return services.caption(cluster=cluster, text=given.get("text", ""))
    return services.step(cluster=cluster) if action == "step" else services.branch(cluster=cluster)


def _save(cluster: str, given: dict[str, Any]) -> Demo:
    if "name" not in given:
        raise ValidationError({"name": ["a name is required"]})
    more = {key: given[key] for key in ("name", "title", "description") if key in given}
    try:
        return catalogue.keep(services.recorded(cluster=cluster, **more))
    except catalogue.NameTaken as error:
        raise Conflict(str(error)) from error


class RecordingFileView(APIView):
    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> HttpResponse:
        """What has been recorded of the cluster, as a demo's file, kept nowhere."""
        return _file(services.recorded(cluster=cluster))
