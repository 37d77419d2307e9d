"""REST views: check, ask a service, answer."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from playground import clusters
from playground.classroom import owning, selectors
from playground.classroom.access import Who

from . import examples, serializers, services
from .parsers import JSONParser, TextParser
from .strict import checked, checked_query, nothing_wanted

_PROBLEMS = {404: serializers.Problem, 409: serializers.Problem, 503: serializers.Problem}


def _who(request: Request) -> Who:
    found: Who = request._request.who
    return found


class ClustersView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(operation_id="clusters_list", responses=serializers.ClusterSummary(many=True))
    def get(self, request: Request) -> Response:
        """All clusters one may look at, as they were when last saved."""
        return Response(clusters.summaries(visible=selectors.visible(_who(request))))

    @extend_schema(request=serializers.ClusterWanted, responses={201: serializers.ClusterMade, **_PROBLEMS}, examples=examples.CLUSTER)
    def post(self, request: Request) -> Response:
        """Make a cluster. In a class, letters are added to its name: the answer tells the whole one."""
        made = owning.make(who=_who(request), wanted=checked(serializers.ClusterWanted, request))
        return Response(made, status=201)


class ClusterView(APIView):
    @extend_schema(responses={200: serializers.ClusterState, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """The cluster's revision, clock and counts."""
        return Response(services.state(cluster=cluster))

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, cluster: str) -> Response:
        """Delete the cluster and everything in it."""
        owning.delete(cluster=cluster)
        return Response(status=204)


class NodesView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.NodeWanted, responses={201: OpenApiTypes.OBJECT, **_PROBLEMS}, examples=examples.NODE)
    def post(self, request: Request, cluster: str) -> Response:
        """Add a machine that joins as a node (or several: count)."""
        wanted = checked(serializers.NodeWanted, request)
        return Response(services.command(cluster=cluster, name="add-node", args=wanted), status=201)


class NodeView(APIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def delete(self, request: Request, cluster: str, node: str) -> Response:
        """Take the machine away and delete its Node."""
        return Response(services.command(cluster=cluster, name="delete-node", args={"node": node}))


class NodeActionView(APIView):
    """POST to do something to a node. `about`: what, in the words of the documentation."""

    command = about = ""

    @extend_schema(request=None, responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def post(self, request: Request, cluster: str, node: str) -> Response:
        """Do this to the node."""
        nothing_wanted(request)
        return Response(services.command(cluster=cluster, name=self.command, args={"node": node}))


class ComponentActionView(APIView):
    """POST to stop or start a part of the control plane, or the kubelet of a node. `about` as above."""

    action = about = ""
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.ComponentAction, responses={200: OpenApiTypes.OBJECT, **_PROBLEMS}, examples=examples.PART)
    def post(self, request: Request, cluster: str, part: str) -> Response:
        """Do this to the part, such as kube-scheduler."""
        wanted = checked(serializers.ComponentAction, request)
        args = {"component": part} | wanted
        return Response(services.command(cluster=cluster, name=f"{self.action}-component", args=args))


class ApplyView(APIView):
    parser_classes = (TextParser,)

    @extend_schema(
        request={"application/yaml": OpenApiTypes.STR},
        parameters=[
            OpenApiParameter("dryRun", OpenApiTypes.BOOL, description="check only, change nothing"),
            OpenApiParameter("objects", OpenApiTypes.BOOL, description="show each object before and after"),
        ],
        responses={200: serializers.ApplyResults, **_PROBLEMS},
        examples=examples.APPLY,
    )
    def post(self, request: Request, cluster: str) -> Response:
        """Apply YAML documents as kubectl apply does; one result per document."""
        dry_run, objects = (
            request.query_params.get(name, "").lower() in ("1", "true", "all") for name in ("dryRun", "objects")
        )
        text = request.data if isinstance(request.data, str) else ""
        return Response({"results": services.apply(cluster=cluster, text=text, dry_run=dry_run, objects=objects)})


class ClockView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.ClockAction, responses={200: serializers.ClockState, **_PROBLEMS}, examples=examples.CLOCK)
    def post(self, request: Request, cluster: str) -> Response:
        """Let time pass, or stand still.

        "pause" and "run" at a speed; "step" to the next entry of the agenda, "next" to the next change, "advance" by
        seconds, or "settle": until nothing but periodic chores lies ahead, after so many seconds at most.
        "cancel" stops one of the last three that is under way, at the virtual time it has reached.
        """
        wanted = checked(serializers.ClockAction, request)
        return Response(services.command(cluster=cluster, name="clock", args=wanted))


class TimingsView(APIView):
    """How long things take in the cluster, and how often they fail."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """All timings, and the names of those that are not the usual ones."""
        return Response(services.command(cluster=cluster, name="timings"))

    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT, **_PROBLEMS}, examples=examples.TIMINGS)
    def patch(self, request: Request, cluster: str) -> Response:
        """Change some timings, while the cluster runs.

        {name: seconds, [least, most], a probability, or null for the usual}.
        """
        return Response(services.command(cluster=cluster, name="set-timings", args={"timings": request.data}))


class ImagesView(APIView):
    """Which images can be pulled in the cluster: those of the catalogue, or any."""

    parser_classes = (JSONParser, FormParser)

    @extend_schema(responses={200: serializers.Images, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """Whether images that nobody knows can be pulled."""
        return Response(services.command(cluster=cluster, name="images"))

    @extend_schema(request=serializers.Images, responses={200: serializers.Images, **_PROBLEMS})
    def patch(self, request: Request, cluster: str) -> Response:
        """Accept any image from now on, or only those of the catalogue; what is on the nodes stays there."""
        return Response(services.command(cluster=cluster, name="set-images", args=checked(serializers.Images, request)))


class NodeLoadView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.NodeLoad, responses={200: OpenApiTypes.OBJECT, **_PROBLEMS}, examples=examples.LOAD)
    def post(self, request: Request, cluster: str, node: str) -> Response:
        """Say what others than pods use of the machine, until pods have to leave it."""
        wanted = checked(serializers.NodeLoad, request)
        return Response(services.command(cluster=cluster, name="node-load", args={"node": node} | wanted))


class StateHashView(APIView):
    @extend_schema(responses={200: serializers.StateHash, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """A digest of the whole state: equal seeds and equal commands give equal ones."""
        return Response(services.command(cluster=cluster, name="state-hash"))


class SchedulingView(APIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request, cluster: str, uid: str) -> Response:
        """Why the scheduler decided as it did about a pod: node by node."""
        return Response(services.command(cluster=cluster, name="scheduling", args={"uid": uid}))


class HistoryView(APIView):
    @extend_schema(parameters=[serializers.HistoryQuery], responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """What happened, page by page, or one moment of it.

        Without more: the newest changes, oldest first, as [revision, verb, kind, namespace, name, time]; `continue`, while
        there are older ones, asks for the page before. With `revision`: the objects as they were then, thinned for the
        diagram, and what changed at it. With `revisions`: only the numbers, but all of them. With `objects`: at which
        revision each was created.
        """
        wanted = checked_query(serializers.HistoryQuery, request)
        return Response(services.command(cluster=cluster, name="history", args=wanted))


class ForkView(APIView):
    parser_classes = (JSONParser, FormParser)

    @extend_schema(request=serializers.ForkWanted, responses={201: serializers.ClusterMade, **_PROBLEMS}, examples=examples.FORK)
    def post(self, request: Request, cluster: str) -> Response:
        """Make a new, paused cluster from this one as it was at a revision (default: now)."""
        wanted = checked(serializers.ForkWanted, request)
        return Response(owning.fork(who=_who(request), cluster=cluster, wanted=wanted), status=201)


class KubeconfigView(APIView):
    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR, 404: serializers.Problem})
    def get(self, request: Request, cluster: str) -> HttpResponse:
        """A kubeconfig for kubectl and other clients."""
        text = services.kubeconfig(cluster=cluster, host=request.get_host(), scheme=request.scheme)
        disposition = f'attachment; filename="{cluster}.kubeconfig.yaml"'
        return HttpResponse(text, content_type="application/yaml", headers={"Content-Disposition": disposition})
