"""What the REST of grading takes and gives, for checking and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import Serializer

from playground.api.strict import Strict

_MOST = 3 * 1024 * 1024


class SubmissionWanted(Strict, Serializer):
    """Exactly one of manifests, files, cluster; commands alone or with files."""

    student = serializers.CharField(required=False, default="", allow_blank=True, max_length=150)
    manifests = serializers.CharField(required=False, max_length=_MOST, trim_whitespace=False)
    files = serializers.DictField(
        child=serializers.CharField(max_length=_MOST, allow_blank=True, trim_whitespace=False), required=False
    )
    commands = serializers.ListField(child=serializers.CharField(max_length=10_000), required=False, max_length=500)
    cluster = serializers.SlugField(required=False, help_text="the name of a live cluster, graded as it is now")
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    webhook = serializers.CharField(
        required=False, max_length=2000, help_text="an http(s) URL: the graded submission is sent there, signed"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [key for key in ("manifests", "files", "cluster") if key in attrs]
        if len(given) > 1 or not (given or "commands" in attrs):
            raise serializers.ValidationError("give one of manifests, files, cluster, or commands")
        return attrs


class PageWanted(Serializer):
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**9)


class Check(Serializer):
    name = serializers.CharField(help_text="the same in every language")
    title = serializers.CharField(help_text="the same for reading, in the language of the request")
    points = serializers.FloatField()
    extra = serializers.BooleanField()
    hint = serializers.CharField()


class ExerciseShown(Serializer):
    name = serializers.SlugField()
    title = serializers.CharField()
    description = serializers.CharField()
    descriptionHtml = serializers.CharField(required=False)
    difficulty = serializers.IntegerField()
    topics = serializers.ListField(child=serializers.CharField())
    forms = serializers.ListField(child=serializers.CharField())
    maxPoints = serializers.FloatField()
    starter = serializers.DictField(child=serializers.CharField())
    checks = Check(many=True)


class WebhookShown(Serializer):
    url = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "delivered", "given up"])
    attempts = serializers.IntegerField()
    next = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField()


class MomentWanted(Strict, Serializer):
    check = serializers.CharField()


class Moment(Serializer):
    cluster = serializers.CharField(help_text="the name of the graded cluster, paused at that moment")
    revision = serializers.IntegerField()
    url = serializers.CharField(help_text="its screen, with the scrubber over its history")


class SubmissionShown(Serializer):
    id = serializers.UUIDField()
    exercise = serializers.CharField()
    student = serializers.CharField()
    state = serializers.ChoiceField(choices=["queued", "done", "failed"])
    status = serializers.CharField(help_text="where to ask again")
    verdict = serializers.DictField(allow_null=True)
    links = serializers.DictField(
        child=serializers.CharField(), help_text="per check: where the graded cluster can be seen at that moment"
    )
    texts = serializers.DictField(
        child=serializers.DictField(), help_text="per check: title, message and hint in the language of the request"
    )
    message = serializers.CharField(help_text="the verdict's message in the language of the request")
    problem = serializers.CharField()
    webhook = WebhookShown(required=False)


class Regraded(SubmissionShown):
    same = serializers.BooleanField(help_text="whether the verdict is the one it had before")


class BulkShown(Serializer):
    submissions = SubmissionShown(many=True)
    problems = serializers.DictField(child=serializers.CharField(), help_text="per student whose files cannot be graded")


class GradebookRow(Serializer):
    student = serializers.CharField()
    exercise = serializers.CharField()
    points = serializers.FloatField()


class Token(Serializer):
    token = serializers.CharField(help_text="JWT, ES256; its key is at /api/v1/jwks/")


class Keys(Serializer):
    keys = serializers.ListField(child=serializers.DictField())
