"""REST of grading: check, ask a service, answer."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from playground.api import paging
from playground.api.parsers import JSONParser
from playground.api.serializers import Problem
from playground.api.strict import checked, checked_query, nothing_wanted
from playground.classroom import allowed
from playground.pages.markdown import html

from . import (
    access,
    asked,
    catalogue,
    examples,
    handin,
    loading,
    moments,
    render,
    serializers,
    services,
    showing,
    signing,
    wording,
)
from .destinations import WebhookRefused
from .exercise import Exercise
from .ground import SetupFailed
from .models import ApiToken, Submission
from .parsers import YamlParser, ZipParser

_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="the same key gives the same submission"
)
_WEBHOOK = OpenApiParameter("webhook", str, description="where the graded submission is sent: see docs/grading.md")
_VIEW = OpenApiParameter("view", str, enum=["teacher"], description="with hidden checks; needs the scope grade")
_PROBLEMS = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 429: Problem}


class Conflict(APIException):
    status_code = 409


class GradingView(APIView):
    permission_classes = (access.HasScope,)
    scopes: ClassVar[dict[str, str]] = {}

    def exercise(self, slug: str) -> Exercise:
        found = catalogue.find(slug)
        if found is None:
            raise Http404(f'there is no exercise "{slug}"')
        return found

    def submission(self, pk: Any) -> Submission:
        """Visible to whoever handed it in, and to graders."""
        found = Submission.objects.filter(pk=pk).first()
        if found is None or not access.may_see(self.request, found):
            raise Http404("there is no such submission")
        return found


def shown(submission: Submission, request: Request) -> dict[str, Any]:
    return showing.submission(submission, teacher=access.is_teacher(request))


class ExercisesView(GradingView):
    @extend_schema(operation_id="exercises_list", responses={200: serializers.ExerciseShown(many=True), **_PROBLEMS})
    def get(self, request: Request) -> Response:
        """All exercises, easy ones first."""
        return Response([wording.exercise(each) for each in catalogue.exercises()])


class ExerciseView(GradingView):
    @extend_schema(responses={200: serializers.ExerciseShown, **_PROBLEMS}, parameters=[_VIEW])
    def get(self, request: Request, slug: str) -> Response:
        """One exercise, as students see it; with its source for teachers."""
        exercise = self.exercise(slug)
        shown = wording.exercise(exercise)
        source = {"source": exercise.source} if access.is_teacher(request) else {}
        return Response(shown | {"descriptionHtml": html(shown["description"])} | source)


class SchemaView(GradingView):
    permission_classes = ()

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """The JSON Schema of exercises."""
        return Response(loading.schema())


class SubmissionsView(GradingView):
    parser_classes = (JSONParser, YamlParser, ZipParser)
    throttle_classes = (access.Throttle,)
    scopes: ClassVar[dict[str, str]] = {"POST": "submit"}

    @extend_schema(
        responses={200: serializers.SubmissionShown(many=True), **_PROBLEMS},
        parameters=[_VIEW, serializers.PageWanted],
    )
    def get(self, request: Request, slug: str) -> Response:
        """One's own submissions to this exercise; graders: those of all their students. The first ones first, page by page:
        the header Link tells where the next page is, X-Total-Count how many there are."""
        page = checked_query(serializers.PageWanted, request)
        found = services.submissions(exercise=self.exercise(slug), visible=access.visible(request))
        body = [shown(each, request) for each in found[page["offset"] : page["offset"] + page["limit"]]]
        return Response(body, headers=paging.headers(request, total=found.count(), **page))

    @extend_schema(
        request={
            "application/json": serializers.SubmissionWanted,
            "application/yaml": OpenApiTypes.STR,
            "application/zip": OpenApiTypes.BINARY,
        },
        parameters=[
            _KEY,
            OpenApiParameter("student", str),
            OpenApiParameter("wait", float, description="seconds, at most 30"),
            _WEBHOOK,
        ],
        responses={200: serializers.SubmissionShown, 202: serializers.SubmissionShown, 409: Problem, **_PROBLEMS},
        examples=[OpenApiExample(name, value, request_only=True) for name, value in examples.SUBMISSIONS.items()],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Hand in. Answered with the verdict, or with 202 and where to ask for it when it takes longer."""
        exercise = self.exercise(slug)
        answer, student, seed = asked.hand_in(request)
        allowed.insist(access.may_hand_in(request, exercise))
        if seed is not None and "grade" not in access.scopes_of(request):
            raise PermissionDenied("choosing the seed needs the scope grade")
        try:
            made = services.hand_in(
                exercise=exercise,
                answer=answer,
                student=access.student_of(request, student),
                seed=seed,
                token=request.auth if isinstance(request.auth, ApiToken) else None,
                sender=asked.sender(request),
                key=request.headers.get("Idempotency-Key", "")[:200],
                webhook=asked.webhook(request),
            )
        except services.KeyReused as error:
            raise Conflict(str(error)) from error
        except WebhookRefused as error:
            raise ValidationError({"webhook": [str(error)]}) from error
        return _answered(services.work_on(made, seconds=asked.wait(request)), request)


def _answered(submission: Submission, request: Request) -> Response:
    status = 202 if submission.state == Submission.QUEUED else 200
    body = shown(submission, request)
    return Response(
        body, status=status, headers={"Location": body["status"], "Retry-After": "1"} if status == 202 else None
    )


class BulkView(GradingView):
    parser_classes = (ZipParser,)
    throttle_classes = (access.Throttle,)
    scopes: ClassVar[dict[str, str]] = {"POST": "grade"}

    @extend_schema(
        request={"application/zip": OpenApiTypes.BINARY},
        parameters=[_WEBHOOK],
        responses={202: serializers.BulkShown, **_PROBLEMS},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Hand in for a whole class: a zip with a folder, or a file, per student."""
        exercise = self.exercise(slug)
        try:
            answers, problems = services.of_class(request.data)
            answers = {access.student_of(request, student): answer for student, answer in answers.items()}
            made = services.hand_in_class(exercise=exercise, answers=answers, webhook=asked.webhook(request))
        except handin.HandInError as error:
            raise ValidationError({"archive": [str(error)]}) from error
        except WebhookRefused as error:
            raise ValidationError({"webhook": [str(error)]}) from error
        submissions = [shown(services.work_on(each, seconds=0), request) for each in made]
        return Response({"submissions": submissions, "problems": problems}, status=202)


class SubmissionView(GradingView):
    @extend_schema(
        responses={200: serializers.SubmissionShown, 202: serializers.SubmissionShown, **_PROBLEMS}, parameters=[_VIEW]
    )
    def get(self, request: Request, pk: Any) -> Response:
        """The submission with its verdict; 202 while it is being graded."""
        return _answered(services.work_on(self.submission(pk), seconds=asked.wait(request)), request)


class RegradeView(GradingView):
    scopes: ClassVar[dict[str, str]] = {"POST": "grade"}

    @extend_schema(request=None, responses={200: serializers.Regraded, 409: Problem, **_PROBLEMS})
    def post(self, request: Request, pk: Any) -> Response:
        """Grade it again, with the exercise as it is now."""
        nothing_wanted(request)
        try:
            again, same = services.grade_again(self.submission(pk))
        except SetupFailed as error:
            raise Conflict(str(error)) from error
        return Response(shown(again, request) | {"same": same})


class ReportView(GradingView):
    @extend_schema(
        operation_id="submissions_report", responses={(200, "application/xml"): OpenApiTypes.STR, **_PROBLEMS}
    )
    def get(self, request: Request, pk: Any, form: str) -> HttpResponse:
        """The verdict as JUnit XML, or as Markdown in the language of the request."""
        submission = self.submission(pk)
        document = shown(submission, request)["verdict"]
        if document is None:
            raise Http404("it has no verdict yet")
        name = submission.student or str(submission.pk)
        if form == "junit.xml":
            return HttpResponse(render.junit([(name, document)]), content_type="application/xml")
        exercise = catalogue.find(submission.exercise)
        read = wording.verdict(document, exercise) if exercise else document
        return HttpResponse(render.markdown(name, read), content_type="text/markdown; charset=utf-8")


class MomentView(GradingView):
    scopes: ClassVar[dict[str, str]] = {"POST": "read"}
    throttle_classes = (access.Throttle,)

    @extend_schema(
        request=serializers.MomentWanted,
        responses={200: serializers.Moment, 409: Problem, **_PROBLEMS},
        parameters=[_VIEW],
    )
    def post(self, request: Request, pk: Any) -> Response:
        """The graded cluster as it was when this check failed (or at the end), to look at and to go on with by hand."""
        wanted = checked(serializers.MomentWanted, request)
        return Response(moment(self.submission(pk), request, wanted["check"]))


def moment(submission: Submission, request: Request, check: str) -> dict[str, Any]:
    try:
        verdict = shown(submission, request)["verdict"]
        return moments.show(who=access.who_of(request), submission=submission, verdict=verdict, check=check)
    except moments.NoMoment as error:
        raise Http404(str(error)) from error
    except moments.ExerciseChanged as error:
        raise Conflict(str(error)) from error


class MomentPage(GradingView):
    """What a check found, for people, with a button that opens the cluster."""

    throttle_classes = (access.Throttle,)
    parser_classes = (FormParser,)
    scopes: ClassVar[dict[str, str]] = {"POST": "read"}

    @extend_schema(exclude=True)
    def get(self, request: Request, pk: Any) -> HttpResponse:
        """The check, and the button."""
        submission = self.submission(pk)
        verdict = shown(submission, request)["verdict"] or {"checks": ()}
        name = request.query_params.get("check", "")
        found = next((each for each in verdict["checks"] if each["name"] == name), None)
        if found is None or not found["evidence"]:
            raise Http404("no such check has been looked at")
        exercise = catalogue.find(submission.exercise)
        told = wording.check(found, exercise) if exercise else {**found, "title": name}
        title = wording.in_language(exercise)["title"] if exercise else submission.exercise
        return render_page(request, "grading/moment.html", {"submission": submission, "check": told, "title": title})

    @extend_schema(exclude=True)
    def post(self, request: Request, pk: Any) -> HttpResponse:
        """Open it."""
        made = moment(self.submission(pk), request, str(request.query_params.get("check", "")))
        return HttpResponseRedirect(made["url"])

    def handle_exception(self, exc: Exception) -> Any:
        """What is not there is told as on all pages: people come here."""
        if isinstance(exc, Http404):
            return render_page(self.request, "404.html", status=404)
        return super().handle_exception(exc)


class TokenView(GradingView):
    @extend_schema(responses={200: serializers.Token, **_PROBLEMS})
    def get(self, request: Request, pk: Any) -> Response:
        """The verdict as a signed token."""
        submission = self.submission(pk)
        if submission.verdict is None:
            raise Http404("it has no verdict yet")
        return Response({"token": signing.sign(submission)})


class KeysView(GradingView):
    permission_classes = ()

    @extend_schema(responses={200: serializers.Keys})
    def get(self, request: Request) -> Response:
        """The key that signs verdicts, as JWKS."""
        return Response({"keys": [signing.public_key()]})


class GradebookView(GradingView):
    scopes: ClassVar[dict[str, str]] = {"GET": "grade"}

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, **_PROBLEMS})
    def get(self, request: Request) -> HttpResponse:
        """The best points of every student in every exercise, as CSV."""
        names = [exercise.name for exercise in catalogue.exercises()]
        students = access.students_of(request)
        text = render.gradebook(services.gradebook_rows(exercises=names, students=students), names)
        disposition = 'attachment; filename="gradebook.csv"'
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})
