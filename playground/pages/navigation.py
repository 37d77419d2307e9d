"""The pages named at the top of every page but a cluster's own."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PAGES: tuple[tuple[str, str | Promise], ...] = (
    ("dashboard", _("Clusters")),
    ("lessons", _("Lessons")),
    ("exercise-pages", _("Exercises")),
    ("demo-pages", _("Demos")),
    ("docs", _("REST API")),
)
"""(name of the address, title)."""
CLASS_PAGES: tuple[tuple[str, str | Promise], ...] = (("mine", _("My clusters")), ("courses", _("Courses")))
"""Where there are accounts."""


def site_pages(request: HttpRequest) -> dict[str, list[dict[str, object]]]:
    """For templates: `site_pages`, each with url, title and whether this page belongs to it."""
    here = request.path

    def is_current(url: str) -> bool:
        return here == url if url == "/" else here.startswith(url)

    found = [(reverse(name), title) for name, title in (PAGES if settings.LOCAL_MODE else (*CLASS_PAGES, *PAGES[1:]))]
    return {"site_pages": [{"url": url, "title": title, "current": is_current(url)} for url, title in found]}
