"""What the REST of demos takes and gives, for checking and for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.serializers import Serializer

from playground.api.strict import Strict

NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


class DemoShown(Serializer):
    name = serializers.SlugField()
    title = serializers.CharField()
    description = serializers.CharField()
    steps = serializers.IntegerField()
    seconds = serializers.FloatField(help_text="virtual seconds from the cluster's beginning to the demo's end")
    captions = serializers.ListField(child=serializers.CharField())
    gaps = serializers.ListField(child=serializers.CharField(), help_text="done while it was recorded, not part of it")
    file = serializers.CharField(help_text="where its file is")


class ReplayWanted(Strict, Serializer):
    cluster = serializers.RegexField(NAME, required=False, max_length=63, help_text="the new cluster's name")


class Replaying(Serializer):
    cluster = serializers.CharField()
    revision = serializers.IntegerField()
    url = serializers.CharField()


class DemoAction(Strict, Serializer):
    action = serializers.ChoiceField(choices=["record", "stop", "caption", "save", "step", "branch"])
    text = serializers.CharField(required=False, max_length=500, help_text="for caption: about what was done last")
    name = serializers.RegexField(NAME, required=False, max_length=63, help_text="for save")
    title = serializers.CharField(required=False, max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


class DemoState(Serializer):
    recording = serializers.DictField(help_text="on, full, entries (their number), gaps")
    replay = serializers.DictField(help_text="title, total, done, branched, last, caption, next, nextAt")
    inputs = serializers.IntegerField()
    texts = serializers.DictField(
        child=serializers.CharField(), help_text="the replay's title and captions to what they are in the language of the request"
    )
