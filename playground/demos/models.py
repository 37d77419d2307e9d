"""The demos people have imported or recorded; those that come with the playground are files in `demos/`."""

from __future__ import annotations

from django.db import models


class StoredDemo(models.Model):
    """One demo's file, as text."""

    name = models.CharField(max_length=63, unique=True)
    text = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return str(self.name)
