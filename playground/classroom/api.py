"""REST of courses and of what a teacher does with a class: check, ask a service, answer. The gate has asked who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from playground.api import practice
from playground.api.parsers import JSONParser, TextParser
from playground.api.serializers import ClusterMade, Problem
from playground.api.strict import checked, nothing_wanted

from . import (
    access,
    accounts,
    codes,
    collecting,
    news,
    roster,
    selectors,
    serializers,
    services,
    sharing,
    teaching,
    wall,
)
from .models import ApiToken, Course, Membership, Ownership, Share, Template

_PROBLEMS = {400: Problem, 401: Problem, 403: Problem, 404: Problem}


IN_LOCAL_MODE = "courses need accounts: start the playground with LOCAL_MODE=0 (docs/classroom.md)"


class ClassView(APIView):
    parser_classes = (JSONParser,)
    of_courses = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if access.local() and ("course" in kwargs or (self.of_courses and request.method == "POST")):
            raise PermissionDenied(IN_LOCAL_MODE)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, services.Missing):
            exc = NotFound(str(exc))
        elif isinstance(exc, services.Refused):
            exc = ValidationError({"detail": [str(exc)]})
        return super().handle_exception(exc)

    @property
    def who(self) -> access.Who:
        found: access.Who = self.request._request.who
        return found

    @property
    def course(self) -> Course:
        return get_object_or_404(Course, slug=self.kwargs["course"])

    def given(self, serializer: Any, **options: Any) -> dict[str, Any]:
        return checked(serializer, self.request, **options)


class MeView(ClassView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request) -> Response:
        """Who one is, and in which courses as what."""
        found = Membership.objects.filter(user=self.who.user).select_related("course")
        courses = [{**news.state(each.course), "role": each.role} for each in found]
        return Response({"id": self.who.user, "username": self.who.name, "courses": courses})


class TokensView(ClassView):
    @extend_schema(operation_id="tokens_list", responses={200: serializers.TokenShown(many=True), **_PROBLEMS})
    def get(self, request: Request) -> Response:
        """One's API tokens, without their secrets."""
        found = ApiToken.objects.filter(user=self.who.user).exclude(user=None)
        return Response(serializers.TokenShown(found, many=True).data)

    @extend_schema(request=serializers.TokenWanted, responses={201: serializers.TokenMade, **_PROBLEMS})
    def post(self, request: Request) -> Response:
        """A new token. Only a session can make one: a token cannot multiply."""
        if self.who.scopes is not None or self.who.user is None:
            raise PermissionDenied("tokens are made by people who are logged in, not by tokens")
        wanted = self.given(serializers.TokenWanted)
        expires = timezone.now() + timedelta(days=wanted["days"])
        scopes = " ".join(wanted["scopes"])
        made, secret = ApiToken.issue(name=wanted["name"], scopes=scopes, user_id=self.who.user, expires=expires)
        return Response(serializers.TokenShown(made).data | {"secret": secret}, status=201)


class TokenView(ClassView):
    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, token: int) -> Response:
        """Revoke one of one's tokens."""
        get_object_or_404(ApiToken.objects.exclude(user=None), user=self.who.user, pk=token).delete()
        return Response(status=204)


# ---------------------------------------------------------------------------------------------------- courses


class CoursesView(ClassView):
    of_courses = True

    @extend_schema(operation_id="courses_list", responses={200: serializers.CourseShown(many=True), **_PROBLEMS})
    def get(self, request: Request) -> Response:
        """The courses one is in; staff: all."""
        found = Course.objects.all() if self.who.admin else Course.objects.filter(memberships__user=self.who.user)
        found = found.none() if access.local() else found
        return Response(serializers.CourseShown(found, many=True).data)

    @extend_schema(request=serializers.CourseWanted, responses={201: serializers.CourseShown, **_PROBLEMS})
    def post(self, request: Request) -> Response:
        """A new course, for those who may make one."""
        allowed = self.who.admin or (request.user is not None and request.user.has_perm("classroom.add_course"))
        if not (allowed and self.who.has_scope("teach")):
            raise PermissionDenied("only teachers may make courses")
        made = services.create_course(who=self.who, **self.given(serializers.CourseWanted))
        return Response(serializers.CourseShown(made).data, status=201)


class CourseView(ClassView):
    @extend_schema(responses={200: serializers.CourseShown, **_PROBLEMS})
    def get(self, request: Request, course: str) -> Response:
        """A course's state and limits."""
        return Response(serializers.CourseShown(self.course).data)

    @extend_schema(request=serializers.CourseShown, responses={200: serializers.CourseShown, **_PROBLEMS})
    def patch(self, request: Request, course: str) -> Response:
        """Change its name, exercise or limits; limits hold for the clusters there are at what is done to them next."""
        changes = self.given(serializers.CourseShown, partial=True)
        return Response(serializers.CourseShown(services.change_course(course=self.course, changes=changes)).data)

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, course: str) -> Response:
        """Delete the course; clusters stay with their owners."""
        services.delete_course(course=self.course)
        return Response(status=204)


class CodeView(ClassView):
    def _shown(self, course: Course) -> Response:
        return Response({"code": codes.shown(course.join_code), "expires": course.join_code_expires})

    @extend_schema(responses={200: serializers.CodeShown, **_PROBLEMS})
    def get(self, request: Request, course: str) -> Response:
        """The code to join."""
        return self._shown(self.course)

    @extend_schema(request=serializers.CodeWanted, responses={200: serializers.CodeShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """A new code; the old one opens nothing any more."""
        found = self.course
        accounts.new_join_code(course=found, hours=self.given(serializers.CodeWanted).get("hours"))
        return self._shown(found)

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, course: str) -> Response:
        """Let nobody join any more."""
        services.close_joining(course=self.course)
        return Response(status=204)


class MembersView(ClassView):
    @extend_schema(operation_id="members_list", responses={200: serializers.MemberShown(many=True), **_PROBLEMS})
    def get(self, request: Request, course: str) -> Response:
        """Who is in the course."""
        return Response(serializers.MemberShown(selectors.roster(self.course), many=True).data)


class MemberView(ClassView):
    def _member(self, pk: int) -> Membership:
        return get_object_or_404(Membership, course=self.course, pk=pk)

    @extend_schema(request=serializers.MemberShown, responses={200: serializers.MemberShown, **_PROBLEMS})
    def patch(self, request: Request, course: str, member: int) -> Response:
        """Change the role."""
        found = self._member(member)
        wanted = self.given(serializers.MemberShown)
        services.set_role(membership=found, role=wanted.get("role", found.role))
        return Response(serializers.MemberShown(found).data)

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, course: str, member: int) -> Response:
        """Take somebody out of the course; they keep their clusters."""
        services.remove_member(membership=self._member(member))
        return Response(status=204)


class RosterView(ClassView):
    parser_classes = (TextParser,)

    @extend_schema(
        request={"text/csv": OpenApiTypes.STR}, responses={201: serializers.NewAccount(many=True), **_PROBLEMS}
    )
    def post(self, request: Request, course: str) -> Response:
        """Import a class: CSV with a header line `name[,email][,role]`. All or nothing; errors name their lines."""
        try:
            entries = roster.parse(request.data if isinstance(request.data, str) else "")
        except roster.RosterError as error:
            raise ValidationError({"lines": [{"line": line, "message": text} for line, text in error.problems]}) from error
        return Response(services.import_roster(course=self.course, entries=entries), status=201)


class TemplatesView(ClassView):
    @extend_schema(operation_id="templates_list", responses={200: serializers.TemplateShown(many=True), **_PROBLEMS})
    def get(self, request: Request, course: str) -> Response:
        """How clusters of the course may begin."""
        return Response(serializers.TemplateShown(self.course.templates, many=True).data)

    @extend_schema(request=serializers.TemplateShown, responses={201: serializers.TemplateShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """A new template, or the one of this name anew."""
        made = services.save_template(course=self.course, **self.given(serializers.TemplateShown))
        return Response(serializers.TemplateShown(made).data, status=201)


class TemplateView(ClassView):
    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, course: str, template: int) -> Response:
        """Delete it; clusters made from it stay."""
        get_object_or_404(Template, course=self.course, pk=template).delete()
        return Response(status=204)


# ---------------------------------------------------------------------------------------------------- teaching


class WallView(ClassView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request, course: str) -> Response:
        """Every student's clusters as small pictures (a letter per pod), with progress on the current exercise."""
        return Response(wall.wall(course=self.course))


class ExerciseView(ClassView):
    @extend_schema(request=serializers.ExerciseWanted, responses={200: serializers.CourseShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """The current exercise; "": none."""
        changed = teaching.change(course=self.course, **self.given(serializers.ExerciseWanted))
        return Response(serializers.CourseShown(changed).data)


class BroadcastView(ClassView):
    @extend_schema(request=serializers.BroadcastWanted, responses={200: serializers.CourseShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """Let the class watch a cluster of one's own, and fork it at the revision they see; "": end it."""
        cluster = self.given(serializers.BroadcastWanted)["cluster"]
        return Response(
            serializers.CourseShown(teaching.broadcast(course=self.course, who=self.who, cluster=cluster)).data
        )


class TimerView(ClassView):
    @extend_schema(request=serializers.TimerWanted, responses={200: serializers.CourseShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """Give the class so many seconds; null: no timer."""
        seconds = self.given(serializers.TimerWanted)["seconds"]
        return Response(serializers.CourseShown(teaching.set_timer(course=self.course, seconds=seconds)).data)


class FreezeView(ClassView):
    @extend_schema(request=serializers.FreezeWanted, responses={200: serializers.CourseShown, **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """Refuse, or allow again, everything that students would change."""
        frozen = self.given(serializers.FreezeWanted)["frozen"]
        return Response(serializers.CourseShown(teaching.freeze(course=self.course, frozen=frozen)).data)


class PushView(ClassView):
    @extend_schema(request=serializers.PushWanted, responses={200: serializers.PushResult(many=True), **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """Apply manifests, or do a command such as kill-node, in all students' clusters; one result per cluster."""
        return Response(teaching.push(course=self.course, wanted=self.given(serializers.PushWanted)))


class CollectView(ClassView):
    @extend_schema(request=serializers.CollectWanted, responses={202: serializers.Collected(many=True), **_PROBLEMS})
    def post(self, request: Request, course: str) -> Response:
        """Hand in the students' clusters: those named, else of each student the one begun for the exercise, else the latest.
        Verdicts at /api/v1/submissions/."""
        return Response(collecting.collect(course=self.course, **self.given(serializers.CollectWanted)), status=202)


class CourseHintsView(ClassView):
    @extend_schema(request=serializers.HintShown, responses={201: serializers.HintShown, **_PROBLEMS})
    def post(self, request: Request, course: str, cluster: str) -> Response:
        """Leave a hint for a student, at one of their clusters."""
        owned = get_object_or_404(Ownership, course=self.course, cluster=cluster)
        text = self.given(serializers.HintShown)["text"]
        made = teaching.leave_hint(cluster=owned.cluster, who=self.who, text=text)
        return Response(serializers.HintShown(made).data, status=201)


class TakeOverView(ClassView):
    @extend_schema(request=None, responses={202: serializers.ShareShown, **_PROBLEMS})
    def post(self, request: Request, course: str, cluster: str) -> Response:
        """Ask a student to let one work on their cluster."""
        nothing_wanted(request)
        owned = get_object_or_404(Ownership, course=self.course, cluster=cluster)
        if self.who.user is None:
            raise PermissionDenied("only a person can take over")
        asked = teaching.ask_to_take_over(cluster=owned.cluster, who=self.who)
        return Response(serializers.ShareShown(asked).data, status=202)


# ---------------------------------------------------------------------------------------------------- one's clusters


class HintsView(ClassView):
    @extend_schema(operation_id="hints_list", responses={200: serializers.HintShown(many=True), **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """The hints at this cluster that its owner has not seen yet."""
        return Response(serializers.HintShown(teaching.hints_for(cluster=cluster), many=True).data)


class HintSeenView(ClassView):
    @extend_schema(request=None, responses={204: None, **_PROBLEMS})
    def post(self, request: Request, cluster: str, hint: int) -> Response:
        """The owner has seen it."""
        nothing_wanted(request)
        teaching.seen(cluster=cluster, hint=hint)
        return Response(status=204)


class SharesView(ClassView):
    @extend_schema(operation_id="shares_list", responses={200: serializers.ShareShown(many=True), **_PROBLEMS})
    def get(self, request: Request, cluster: str) -> Response:
        """With whom the cluster is shared, and who asks to work on it (granted: false)."""
        found = Share.objects.filter(ownership__cluster=cluster).select_related("user")
        return Response(serializers.ShareShown(found, many=True).data)

    @extend_schema(request=serializers.ShareWanted, responses={201: serializers.ShareShown, **_PROBLEMS})
    def post(self, request: Request, cluster: str) -> Response:
        """Share it with a classmate, to look (read) or to work together (work)."""
        owned = get_object_or_404(Ownership, cluster=cluster)
        made = sharing.share(cluster=owned.cluster, **self.given(serializers.ShareWanted))
        return Response(serializers.ShareShown(made).data, status=201)


class ShareView(ClassView):
    @extend_schema(operation_id="shares_answer", request=serializers.AnswerWanted, responses={204: None, **_PROBLEMS})
    def post(self, request: Request, cluster: str, share: int) -> Response:
        """Answer a teacher's wish to take over."""
        granted = self.given(serializers.AnswerWanted)["granted"]
        teaching.answer_take_over(cluster=cluster, share=share, granted=granted)
        return Response(status=204)

    @extend_schema(responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, cluster: str, share: int) -> Response:
        """End it."""
        teaching.answer_take_over(cluster=cluster, share=share, granted=False)
        return Response(status=204)


class ResetView(ClassView):
    @extend_schema(request=None, responses={200: ClusterMade, **_PROBLEMS})
    def post(self, request: Request, cluster: str) -> Response:
        """As it was when it was made. Its token is a new one."""
        nothing_wanted(request)
        return Response(practice.reset(cluster=cluster))
