"""Courses, members and tokens in Django's admin, for staff. Secrets are not shown: there are only digests."""

from django.contrib import admin

from .models import ApiToken, Course, Membership, Ownership


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ("user",)


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "exercise", "frozen")
    search_fields = ("name", "slug")
    inlines = (MembershipInline,)


@admin.register(Ownership)
class OwnershipAdmin(admin.ModelAdmin):
    list_display = ("cluster", "owner", "course")
    search_fields = ("cluster", "owner__username")
    raw_id_fields = ("owner",)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    list_display = ("name", "user", "scopes", "created", "expires")
    readonly_fields = ("digest",)
    raw_id_fields = ("user",)

    def has_add_permission(self, request: object) -> bool:
        return False
