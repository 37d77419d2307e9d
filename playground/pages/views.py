"""The dashboard and a cluster's page. Both are shells: what they show comes by REST and websocket, so they cache nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from cluster_core.models import Cluster
from playground.classroom import selectors as classroom
from playground.live import follow as following

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",  # no inline style: Lit and CodeMirror use constructed sheets here
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@require_safe
@never_cache
@ensure_csrf_cookie
def dashboard(request: HttpRequest) -> HttpResponse:
    """All clusters, and a form to make one."""
    return _page(request, template="dashboard.html")


@require_safe
@never_cache
@ensure_csrf_cookie
def cluster(request: HttpRequest, name: str) -> HttpResponse:
    """One cluster, live. 404 with a way back when there is none of that name."""
    if not Cluster.objects.filter(name=name).exists():
        return _page(request, template="missing.html", status=404, name=name)
    return _page(request, template="cluster.html", name=name, **classroom.place_of(request.who, name))


@require_safe
@never_cache
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """What a presenter shows, live and read-only. 404 when the link was revoked or never was."""
    name = following.cluster_of(token=token)
    if name is None:
        return _page(request, template="unfollowed.html", status=404)
    response = _page(request, template="follow.html", name=name, token=token)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response


def _page(request: HttpRequest, *, template: str, status: int = 200, **context: str | bool) -> HttpResponse:
    response = render(request, template, context, status=status)
    response.headers["Content-Security-Policy"] = POLICY
    return response
