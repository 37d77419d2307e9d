"""What REST takes and gives, for checking and for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.serializers import Serializer

from .strict import Strict


class ClockState(Serializer):
    now = serializers.IntegerField(help_text="virtual microseconds since the Unix epoch")
    speed = serializers.FloatField()
    paused = serializers.BooleanField()
    stable = serializers.BooleanField(help_text="nothing but periodic chores lies ahead")
    cancelled = serializers.BooleanField(required=False, help_text="whether something under way was called off")


class ClusterSummary(Serializer):
    name = serializers.CharField()
    nodes = serializers.IntegerField(help_text="as it was made")
    cpu = serializers.CharField()
    memory = serializers.CharField()
    bare = serializers.BooleanField()
    seed = serializers.IntegerField()
    created = serializers.FloatField(help_text="seconds since the Unix epoch")
    revision = serializers.IntegerField()
    clock = serializers.DictField()


class ClusterWanted(Strict, Serializer):
    name = serializers.RegexField(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", max_length=63)
    nodes = serializers.IntegerField(default=3, min_value=0, max_value=1000)
    cpu = serializers.CharField(default="4", max_length=32)
    memory = serializers.CharField(default="8Gi", max_length=32)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**63 - 1, help_text="0: a new one")
    bare = serializers.BooleanField(default=False, help_text="machines and an API server only")
    flavour = serializers.ChoiceField(
        choices=["kubeadm", "manual"], default="kubeadm", help_text="manual: every part a systemd unit, set up by hand"
    )
    runtime = serializers.ChoiceField(choices=["containerd", "cri-o", "docker"], default="containerd")
    start = serializers.DateTimeField(required=False, help_text="when its time begins; equal starts make equal hashes")
    paused = serializers.BooleanField(
        default=False, help_text="its time stands still until the clock is told otherwise"
    )
    acceptAnyImage = serializers.BooleanField(default=False, help_text="images that nobody knows can be pulled too")
    course = serializers.SlugField(required=False, help_text="whose limits hold; the course joined last")
    template = serializers.CharField(required=False, max_length=63, help_text="of the course: how it begins")


class ClusterMade(Serializer):
    name = serializers.CharField()
    seed = serializers.IntegerField()
    revision = serializers.IntegerField()
    kubeconfig = serializers.CharField(help_text="its address")


class ClusterState(Serializer):
    name = serializers.CharField()
    revision = serializers.IntegerField()
    seed = serializers.IntegerField()
    clock = ClockState()
    counts = serializers.DictField(child=serializers.IntegerField())
    kubeconfig = serializers.CharField()


class NodeWanted(Strict, Serializer):
    name = serializers.RegexField(r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$", max_length=63, required=False)
    cpu = serializers.CharField(required=False, max_length=32)
    memory = serializers.CharField(required=False, max_length=32)
    pods = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    zone = serializers.CharField(required=False, max_length=63)
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    taints = serializers.ListField(child=serializers.CharField(), required=False, help_text="key=value:Effect")
    count = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    joined = serializers.BooleanField(required=False, help_text="false: a machine that is no node before kubeadm join")


class Images(Strict, Serializer):
    acceptAnyImage = serializers.BooleanField(help_text="whether images that nobody knows can be pulled too")


class ComponentAction(Strict, Serializer):
    node = serializers.CharField(required=False, max_length=63, help_text="for the kubelet: on which node")


class NodeLoad(Strict, Serializer):
    memory = serializers.CharField(required=False, max_length=30, help_text="a quantity: 3Gi")
    storage = serializers.CharField(required=False, max_length=30)
    pids = serializers.CharField(required=False, max_length=30)


class ClockAction(Strict, Serializer):
    action = serializers.ChoiceField(choices=["pause", "run", "step", "next", "advance", "settle", "cancel"])
    speed = serializers.FloatField(required=False, min_value=0.01, max_value=10_000)
    seconds = serializers.FloatField(required=False, min_value=0, max_value=31_622_400)


class StateHash(Serializer):
    hash = serializers.CharField()
    revision = serializers.IntegerField()


_REVISION = {"required": False, "min_value": 1, "max_value": 2**63 - 1}


class HistoryQuery(Strict, Serializer):
    revision = serializers.IntegerField(**_REVISION, help_text="the picture as of this revision, and what changed at it")
    revisions = serializers.BooleanField(default=False, help_text="only the revisions at which something changed, all of them")
    objects = serializers.ListField(
        child=serializers.CharField(max_length=600),
        required=False,
        max_length=20,
        help_text="at which revision these were created: Pod/default/web; repeat for more",
    )
    limit = serializers.IntegerField(default=500, min_value=1, max_value=2000, help_text="changes in one page")

    def get_fields(self) -> dict[str, serializers.Field]:
        """`continue` is a word of Python too."""
        older = serializers.IntegerField(**_REVISION, help_text="from the page before: the changes older than those")
        return super().get_fields() | {"continue": older}


class ForkWanted(Strict, Serializer):
    revision = serializers.IntegerField(**_REVISION, help_text="where it begins; without: now")
    name = serializers.CharField(max_length=63)


class ApplyResult(Serializer):
    index = serializers.IntegerField()
    line = serializers.IntegerField()
    kind = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["created", "configured", "unchanged", "error"])
    message = serializers.CharField()
    code = serializers.IntegerField(required=False)
    causes = serializers.ListField(required=False)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    live = serializers.DictField(required=False, allow_null=True)
    merged = serializers.DictField(required=False, allow_null=True)


class ApplyResults(Serializer):
    results = ApplyResult(many=True)


class Problem(Serializer):
    message = serializers.CharField()
    code = serializers.IntegerField()
    errors = serializers.DictField(required=False)
