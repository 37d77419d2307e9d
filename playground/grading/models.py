"""What grading keeps: submissions with their verdicts."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from playground.classroom.models import ApiToken


class Submission(models.Model):
    """One answer of one student. `answer` is what was handed in, `verdict` what came of it (both JSON)."""

    QUEUED, DONE, FAILED = "queued", "done", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exercise = models.CharField(max_length=63)
    student = models.CharField(max_length=150, blank=True, db_index=True)
    token = models.ForeignKey(ApiToken, null=True, blank=True, on_delete=models.SET_NULL)
    sender = models.CharField(max_length=40, blank=True, help_text="Whose idempotency keys these are")
    key = models.CharField(max_length=200, null=True, blank=True, help_text="Idempotency-Key")
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField()
    seed = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, default=QUEUED)
    verdict = models.JSONField(null=True, blank=True)
    points = models.FloatField(null=True, blank=True, help_text="Those of the verdict, for the gradebook")
    problem = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    taken = models.DateTimeField(default=timezone.now, help_text="Until when a process has said it is grading this")
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created",)
        constraints = (
            models.UniqueConstraint(fields=("sender", "exercise", "key"), name="one_submission_per_key"),
        )
        indexes = (
            models.Index(fields=("exercise", "created"), name="submissions_of_exercise"),
            models.Index(fields=("state", "taken"), name="submissions_to_grade"),
        )

    @staticmethod
    def sender_of(*, token: int | None = None, user: int | None = None) -> str:
        """"" where nobody logs in."""
        return f"token-{token}" if token is not None else f"user-{user}" if user is not None else ""

    def __str__(self) -> str:
        return f"{self.exercise} of {self.student or 'nobody'}: {self.state}"


class Delivery(models.Model):
    """A submission's webhook: where its verdict is to be sent, and how that goes. `due`: when it is tried next."""

    WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="delivery")
    url = models.CharField(max_length=2000)
    state = models.CharField(max_length=10, default=WAITING, db_index=True)
    attempts = models.IntegerField(default=0)
    due = models.DateTimeField(default=timezone.now)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.url}: {self.state}"
