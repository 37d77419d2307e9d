"""What the REST of classes takes, and gives where it is not plain."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import ModelSerializer, Serializer

from playground.api.serializers import ClusterWanted
from playground.api.strict import Strict
from playground.grading import catalogue, faults

from . import templates
from .models import SCOPES, ApiToken, Course, Hint, Membership, Share, Template


def _known_exercise(slug: str) -> None:
    if slug and catalogue.find(slug) is None:
        raise serializers.ValidationError(f'there is no exercise "{slug}"')


class CourseShown(Strict, ModelSerializer):
    class Meta:
        model = Course
        fields = (
            *("slug", "name", "exercise", "broadcast", "frozen", "timer_ends"),
            *("most_clusters", "most_nodes", "most_pods", "top_speed"),
        )
        read_only_fields = ("slug", "broadcast", "frozen", "timer_ends")
        extra_kwargs = {  # noqa: RUF012 - REST framework's own shape
            "most_clusters": {"max_value": 100},
            "most_nodes": {"max_value": 1000},
            "most_pods": {"max_value": 10_000},
            "top_speed": {"min_value": 1, "max_value": 10_000},
            "exercise": {"validators": [_known_exercise]},
        }


class CourseWanted(Strict, Serializer):
    name = serializers.CharField(max_length=150)
    slug = serializers.SlugField(max_length=63, required=False)


class CodeWanted(Strict, Serializer):
    hours = serializers.FloatField(required=False, allow_null=True, min_value=0.01, max_value=10_000)


class CodeShown(Serializer):
    code = serializers.CharField(help_text='"" while nobody can join')
    expires = serializers.DateTimeField(allow_null=True)


class MemberShown(Strict, ModelSerializer):
    username = serializers.CharField(source="user.username", read_only=True)
    name = serializers.SerializerMethodField()
    user = serializers.IntegerField(source="user_id", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "username", "name", "role", "joined")
        read_only_fields = ("id", "joined")

    def get_name(self, membership: Membership) -> str:
        return str(membership.user.get_full_name() or membership.user.get_username())


class NewAccount(Serializer):
    name = serializers.CharField()
    username = serializers.CharField()
    return_code = serializers.CharField(help_text="shown this once")


class _TemplateSpec(ClusterWanted):
    name = start = course = template = None
    """Each cluster's own, not the template's."""


class TemplateShown(Strict, ModelSerializer):
    class Meta:
        model = Template
        fields = ("id", "name", "spec", "manifests")

        extra_kwargs = {  # noqa: RUF012 - REST framework's own shape
            "manifests": {"max_length": templates.MOST_MANIFESTS, "trim_whitespace": False}
        }

    def validate_spec(self, spec: object) -> dict[str, object]:
        """As a cluster is asked for, without what each is asked for anew."""
        if not isinstance(spec, dict):
            raise serializers.ValidationError("must be an object, as a cluster is asked for")
        found = _TemplateSpec(data=spec)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def validate(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The manifests are tried on such a cluster."""
        problems = templates.complaints(wanted.get("spec", {}), wanted.get("manifests", ""))
        if problems:
            raise serializers.ValidationError({"manifests": problems})
        return wanted


class ShareShown(ModelSerializer):
    username = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Share
        fields = ("id", "username", "mode", "granted", "made")


class ShareWanted(Strict, Serializer):
    username = serializers.CharField(max_length=150)
    mode = serializers.ChoiceField(choices=Share.Mode.choices, default=Share.Mode.READ)


class AnswerWanted(Strict, Serializer):
    granted = serializers.BooleanField()


class HintShown(Strict, ModelSerializer):
    cluster = serializers.CharField(source="ownership.cluster", read_only=True)

    class Meta:
        model = Hint
        fields = ("id", "cluster", "text", "made", "seen")
        read_only_fields = ("id", "made", "seen")


class PushWanted(Strict, Serializer):
    manifests = serializers.CharField(required=False, trim_whitespace=False, max_length=1_000_000)
    command = serializers.ChoiceField(choices=faults.COMMANDS, required=False)
    args = serializers.DictField(required=False)
    students = serializers.ListField(child=serializers.IntegerField(), required=False, help_text="user ids; all")

    def validate(self, wanted: dict[str, object]) -> dict[str, object]:
        if ("manifests" in wanted) == ("command" in wanted):
            raise serializers.ValidationError("give manifests or a command")
        return wanted


class PushResult(Serializer):
    cluster = serializers.CharField()
    ok = serializers.BooleanField()
    message = serializers.CharField()


class CollectWanted(Strict, Serializer):
    exercise = serializers.CharField(
        required=False, max_length=63, validators=[_known_exercise], help_text="the course's current one"
    )
    clusters = serializers.ListField(
        child=serializers.CharField(max_length=63), required=False, max_length=1000, help_text="of students of the course"
    )


class Collected(Serializer):
    student = serializers.CharField()
    cluster = serializers.CharField(help_text='"" when they have none')
    submission = serializers.CharField(allow_null=True)
    problem = serializers.CharField(help_text="why there is no submission")


class BroadcastWanted(Strict, Serializer):
    cluster = serializers.CharField(max_length=63, allow_blank=True)


class TimerWanted(Strict, Serializer):
    seconds = serializers.FloatField(min_value=1, max_value=7 * 86400, allow_null=True)


class FreezeWanted(Strict, Serializer):
    frozen = serializers.BooleanField()


class ExerciseWanted(Strict, Serializer):
    exercise = serializers.CharField(max_length=63, allow_blank=True, validators=[_known_exercise])


class TokenShown(ModelSerializer):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "scopes", "created", "expires")


class TokenWanted(Strict, Serializer):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), allow_empty=False)
    days = serializers.IntegerField(min_value=1, max_value=365, default=90)


class TokenMade(TokenShown):
    secret = serializers.CharField(help_text="shown this once")

    class Meta(TokenShown.Meta):
        fields = (*TokenShown.Meta.fields, "secret")
