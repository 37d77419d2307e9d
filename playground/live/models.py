"""What is persisted of the live picture: the links by which others follow a presenter."""

from __future__ import annotations

from django.db import models


class FollowLink(models.Model):
    """Whoever has `token` may watch `cluster`, and nothing else. Deleting the row revokes it."""

    token = models.CharField(max_length=64, unique=True)
    cluster = models.CharField(max_length=63, db_index=True)
    history = models.CharField(max_length=64, help_text="Of which cluster of that name: another one is not shown")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created",)

    def __str__(self) -> str:
        return f"follow link to {self.cluster}"
