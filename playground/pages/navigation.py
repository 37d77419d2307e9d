"""The pages named at the top of every page but a cluster's own."""

from __future__ import annotations

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
OF_A_CLASS: tuple[tuple[str, str | Promise], ...] = (("mine", _("My clusters")), ("courses", _("Courses")), *PAGES[1:])
"""(name of the address, title)."""


def site_pages(request: HttpRequest) -> dict[str, list[dict[str, object]]]:
    """For templates: `site_pages`, each with url, title and whether this page belongs to it."""
    here = request.path

    def is_current(url: str) -> bool:
        return here == url if url == "/" else here.startswith(url)

    who = getattr(request, "who", None)
    pages = PAGES if who is None or who.user is None else OF_A_CLASS
    found = [(reverse(name), title) for name, title in pages]
    return {"site_pages": [{"url": url, "title": title, "current": is_current(url)} for url, title in found]}
