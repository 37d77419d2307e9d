"""Clusters in Django's admin: to look at, not to change behind the worker's back."""

from django.contrib import admin
from django.http import HttpRequest

from .models import Cluster


@admin.register(Cluster)
class ClusterAdmin(admin.ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "revision", "compacted", "seed")
    fields = readonly_fields = ("name", "spec", "settings", "seed", "revision", "compacted")
    search_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
