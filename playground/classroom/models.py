"""What a class is made of: courses and their members, whose a cluster is and with whom it is shared, and API tokens.

Clusters are named, not referenced: an ownership is taken before its cluster is made, so that two requests at once
cannot go over a limit, and outlives it until somebody looks.
"""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

SCOPES = ("read", "submit", "grade", "clusters", "teach")
"""read: what its owner may see; submit: hand in; grade: everybody's work, hidden checks, bulk, gradebook; clusters:
make and change clusters; teach: lead courses."""


class ApiToken(models.Model):
    """A token for automation, of a person or (user empty) of the installation itself. Only its digest is kept."""

    name = models.CharField(max_length=100)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=100, default="read submit", help_text=f"Words of: {' '.join(SCOPES)}")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "grading_apitoken"  # where it was born

    def __str__(self) -> str:
        return str(self.name)

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now()

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def issue(cls, *, name: str, scopes: str = "read submit", **more: object) -> tuple[ApiToken, str]:
        """(the token, its secret: shown this once)."""
        secret = f"pg_{secrets.token_urlsafe(32)}"
        return cls.objects.create(name=name, digest=cls.digest_of(secret), scopes=scopes, **more), secret


class Course(models.Model):
    """One class with its teacher's settings. `join_code` "" closes it; `broadcast` names the cluster that all may watch."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=150)
    created = models.DateTimeField(auto_now_add=True)
    join_code = models.CharField(max_length=16, blank=True, db_index=True)
    join_code_expires = models.DateTimeField(null=True, blank=True)
    exercise = models.CharField(max_length=63, blank=True, help_text="The current exercise")
    broadcast = models.CharField(max_length=63, blank=True)
    frozen = models.BooleanField(default=False, help_text="Students may not change anything")
    timer_ends = models.DateTimeField(null=True, blank=True)
    most_clusters = models.PositiveIntegerField(default=5, help_text="Per student")
    most_nodes = models.PositiveIntegerField(default=5, help_text="Per cluster")
    most_pods = models.PositiveIntegerField(default=150, help_text="Per cluster, those of the control plane included")
    top_speed = models.FloatField(default=20.0, help_text="Of a cluster's clock")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return str(self.name)


class Membership(models.Model):
    """One person in one course."""

    class Role(models.TextChoices):
        INSTRUCTOR = "instructor"
        ASSISTANT = "assistant"
        STUDENT = "student"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.STUDENT)
    joined = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("joined",)
        constraints = (models.UniqueConstraint(fields=("course", "user"), name="one_membership_per_course"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.course} as {self.role}"


class ReturnCode(models.Model):
    """With it somebody without a password comes back. 80 random bits, so a plain digest keeps it secret."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"return code of {self.user}"


class Template(models.Model):
    """How a course's clusters begin: what they are made from (as REST takes it) and what is applied then."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(max_length=63)
    spec = models.JSONField(default=dict)
    manifests = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("course", "name"), name="one_template_per_name"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.course}"


class Ownership(models.Model):
    """Whose a cluster is, in which course it was made, and from which template."""

    cluster = models.CharField(max_length=63, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ownerships")
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.SET_NULL, related_name="ownerships")
    template = models.ForeignKey(Template, null=True, blank=True, on_delete=models.SET_NULL)
    begun = models.CharField(max_length=80, blank=True, help_text="What it was made ready for: lesson/NAME, exercise/NAME")
    made = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("cluster",)

    def __str__(self) -> str:
        return f"{self.cluster} of {self.owner}"


class Share(models.Model):
    """Somebody else may look at a cluster or work on it. A teacher's wish to take over waits for its owner's consent."""

    class Mode(models.TextChoices):
        READ = "read"
        WORK = "work"

    ownership = models.ForeignKey(Ownership, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares")
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.READ)
    granted = models.BooleanField(default=True)
    made = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("made",)
        constraints = (models.UniqueConstraint(fields=("ownership", "user"), name="one_share_per_user"),)

    def __str__(self) -> str:
        return f"{self.ownership.cluster} with {self.user}: {self.mode}"


class Hint(models.Model):
    """What a teacher wrote to somebody about a cluster."""

    ownership = models.ForeignKey(Ownership, on_delete=models.CASCADE, related_name="hints")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    text = models.TextField(max_length=2000)
    made = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("made",)

    def __str__(self) -> str:
        return f"hint on {self.ownership.cluster}"
